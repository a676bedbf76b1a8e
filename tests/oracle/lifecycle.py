"""Users of a workflow week by week: new, returning, resurrected, dormant."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from .model import World

WEEK = timedelta(days=7)


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def workflow_lifecycle(world: World) -> list[dict[str, Any]]:
    """How many users of a workflow are in which state, for every week since its first.

    New is who used it for the first time ever, not for the first time in a window. Returning
    used it the week before too; resurrected did not, but had earlier. Dormant is everyone who
    ever used it before and does not this week. Scheduled and chained runs are not use. Weeks in
    which nobody used it have a row as well, up to the week of the as-of day.
    """
    active: dict[UUID, dict[UUID, set[date]]] = defaultdict(lambda: defaultdict(set))
    for (user_id, workflow_id), days in world.pairs.items():
        for day, tally in days.items():
            if tally.by_people:
                active[workflow_id][user_id].add(monday(day))
    rows = []
    for workflow_id, users in active.items():
        week = min(min(weeks) for weeks in users.values())
        while week <= monday(world.as_of_day):
            rows.append(_row(world, workflow_id, users, week))
            week += WEEK
    return rows


def _row(
    world: World, workflow_id: UUID, users: dict[UUID, set[date]], week: date
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "workflow_id": workflow_id,
        "workflow_name": world.name(workflow_id),
        "week_start_date": week,
        "active_users": 0,
        "new_users": 0,
        "returning_users": 0,
        "resurrected_users": 0,
        "dormant_users": 0,
        "newly_dormant_users": 0,
        "is_complete_week": week + timedelta(days=6) <= world.as_of_day,
    }
    for weeks in users.values():
        before, week_before = min(weeks) < week, week - WEEK in weeks
        if week in weeks:
            row["active_users"] += 1
            state = "returning" if week_before else "resurrected" if before else "new"
            row[f"{state}_users"] += 1
        elif before:
            row["dormant_users"] += 1
            row["newly_dormant_users"] += week_before
    return row
