"""The workflows and users that have executions, and the one row that says how far the marts go."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from .model import World


def workflows(world: World) -> list[dict[str, Any]]:
    """Each workflow with its latest known name, its id in the source, and its days of use."""
    used: dict[UUID, list[date]] = {}
    for (_, workflow_id), days in world.pairs.items():
        used.setdefault(workflow_id, []).extend(days)
    return [
        {
            "workflow_id": workflow_id,
            "workflow_name": world.name(workflow_id),
            "source": world.names[workflow_id].source,
            "source_workflow_id": world.names[workflow_id].source_workflow_id,
            "first_used_date": min(days),
            "last_used_date": max(days),
        }
        for workflow_id, days in used.items()
    ]


def users(world: World) -> list[dict[str, Any]]:
    """Each user with the readable id they have in the source, and what they ran in all."""
    used: dict[UUID, list[tuple[date, int]]] = {}
    for (user_id, _), days in world.pairs.items():
        used.setdefault(user_id, []).extend((day, tally.executions) for day, tally in days.items())
    return [
        {
            "user_id": user_id,
            "source": world.users[user_id].source,
            "user_name": world.users[user_id].source_user_id,
            "execution_count": sum(executions for _, executions in days),
            "last_used_date": max(day for day, _ in days),
        }
        for user_id, days in used.items()
    ]


def days(world: World) -> list[dict[str, Any]]:
    """Every day from the first loaded one to the as-of day, with its week, month and weekday."""
    loaded = set(world.ledger_days)
    return [
        {
            "day": day,
            "week": day - timedelta(days=day.weekday()),
            "month": day.replace(day=1),
            "weekday": day.isoweekday(),
            "days_ago": (world.as_of_day - day).days,
            "is_loaded": day in loaded,
        }
        for day in world.as_of_dates
    ]


def warehouse_as_of(world: World) -> list[dict[str, Any]]:
    """The as-of date of everything current, and the first and last loaded day."""
    days = sorted(world.ledger_days)
    if not days:
        return []
    return [{"as_of_date": world.as_of_day, "first_day": days[0], "last_day": days[-1]}]
