"""Workflows that are abandoned: by everybody, and by one user."""

from collections import defaultdict
from datetime import timedelta
from math import ceil
from statistics import median
from typing import Any
from uuid import UUID

from .calendars import gaps
from .model import World
from .windows import use_of_workflows

MORE_THAN_USERS = 5


def abandoned_workflows(world: World) -> list[dict[str, Any]]:
    """Workflows of more than 5 users of over 30 days ago, that nobody ran in the last 7 days.

    Those users are the ones who abandoned it, also where some came back later. Their tries are
    all their executions of it, not the mean of their days' counts. Any trigger counts here: this
    is the specification's own definition.
    """
    old = world.as_of_day - timedelta(days=30)
    recent = use_of_workflows(world, world.as_of_day, 7)
    tries: dict[UUID, list[int]] = defaultdict(list)
    last_used: dict[UUID, Any] = {}
    for (_, workflow_id), days in world.pairs.items():
        last_used[workflow_id] = max(last_used.get(workflow_id, max(days)), max(days))
        if min(days) <= old:
            tries[workflow_id].append(sum(tally.executions for tally in days.values()))
    return [
        {
            "workflow_id": workflow_id,
            "workflow_name": world.name(workflow_id),
            "users_who_abandoned": len(counts),
            "avg_tries_before_abandon": sum(counts) / len(counts),
            "median_tries_before_abandon": float(median(counts)),
            "last_used_date": last_used[workflow_id],
        }
        for workflow_id, counts in tries.items()
        if len(counts) > MORE_THAN_USERS and workflow_id not in recent
    ]


def threshold_days(active_days: list[Any]) -> int:
    """Days without use after which a workflow counts as abandoned by a user.

    Three times the median gap between active days, at least 30 and at most 120; 30 with fewer
    than 4 active days, where a habit cannot be seen.
    """
    if len(active_days) < 4:
        return 30
    return min(120, max(30, ceil(3 * median(gaps(active_days)))))


def user_abandoned_workflows(world: World) -> list[dict[str, Any]]:
    """Workflows a user ran at least twice and then not for that user's threshold of days.

    Only executions by people are use. Who left altogether ran nothing, no workflow at all, by
    hand in the last 30 days.
    """
    active = {
        pair: [day for day, tally in days.items() if tally.by_people]
        for pair, days in world.pairs.items()
    }
    month_ago = world.as_of_day - timedelta(days=30)
    still_here = {user for (user, _), days in active.items() if days and days[-1] > month_ago}
    rows = []
    for (user_id, workflow_id), days in active.items():
        tallies = world.pairs[user_id, workflow_id]
        count = sum(tally.by_people for tally in tallies.values())
        threshold = threshold_days(days)
        if count < 2 or (world.as_of_day - days[-1]).days < threshold:
            continue
        rows.append(
            {
                "user_id": user_id,
                "workflow_id": workflow_id,
                "workflow_name": world.name(workflow_id),
                "people_execution_count": count,
                "active_days": len(days),
                "last_active_date": days[-1],
                "median_gap_days": float(median(gaps(days))) if len(days) > 1 else None,
                "threshold_days": threshold,
                "abandoned_date": days[-1] + timedelta(days=threshold),
                "has_left_altogether": user_id not in still_here,
                "last_run_failed": tallies[days[-1]].last_people_failed,
            }
        )
    return rows
