"""The daily marts: one row per user, workflow and day, per bucket, and per workflow and day.

An execution counts on the day on which it starts, whenever it ends. The rows are additive: any
longer period is a sum of them.
"""

from collections import defaultdict
from typing import Any
from uuid import UUID

from .model import World
from .tally import Tally

Rows = list[dict[str, Any]]


def user_workflow_usage(world: World) -> Rows:
    """How often a user ran a workflow on a day, and how it went.

    Executions = success + failure + cancelled + open. Durations are of every execution with an
    end, whatever its status; seconds are whole ones of the *sum* of milliseconds. A cost is NULL
    where no execution has one. The last run by people failed when any did that started at that
    instant.
    """
    return [
        {
            "user_id": user_id,
            "workflow_id": workflow_id,
            "workflow_name": world.name(workflow_id),
            "execution_date": day,
            "execution_count": tally.executions,
            **tally.outcome_counts,
            "people_execution_count": tally.by_people,
            "duration_count": tally.duration_count,
            "total_duration_ms": tally.total_duration_ms,
            "total_duration_seconds": tally.total_duration_ms // 1000,
            "total_cost": tally.total_cost,
            "first_started_at": tally.first_started_at,
            "last_started_at": tally.last_started_at,
            "last_people_started_at": tally.last_people_started_at,
            "last_people_failed": tally.last_people_failed,
            **tally.facts,
        }
        for day, pairs in world.days.items()
        for (user_id, workflow_id), tally in pairs.items()
    ]


def user_workflow_durations(world: World) -> Rows:
    """The histogram of a user-workflow-day: executions per bucket [base^b, base^(b+1)) ms."""
    return [
        {
            "user_id": user_id,
            "workflow_id": workflow_id,
            "execution_date": day,
            "duration_bucket": bucket,
            "duration_count": count,
        }
        for day, pairs in world.days.items()
        for (user_id, workflow_id), tally in pairs.items()
        for bucket, count in tally.buckets.items()
    ]


def user_workflow_errors(world: World) -> Rows:
    """What went wrong for a user-workflow-day: failed executions per error class."""
    return [
        {
            "user_id": user_id,
            "workflow_id": workflow_id,
            "execution_date": day,
            "error_class": error_class,
            "failure_count": count,
        }
        for day, pairs in world.days.items()
        for (user_id, workflow_id), tally in pairs.items()
        for error_class, count in tally.error_classes.items()
    ]


def workflow_daily_usage(world: World) -> Rows:
    """The same per workflow and day, over all users.

    The rate is the sum of successes by the sum of finished executions, never the mean of the
    users' rates.
    """
    rows = []
    for day, pairs in world.days.items():
        users: dict[UUID, list[Tally]] = defaultdict(list)
        for (_, workflow_id), tally in pairs.items():
            users[workflow_id].append(tally)
        for workflow_id, tallies in users.items():
            total = Tally.sum(tallies)
            rows.append(
                {
                    "workflow_id": workflow_id,
                    "workflow_name": world.name(workflow_id),
                    "execution_date": day,
                    "unique_users": len(tallies),
                    "total_executions": total.executions,
                    **total.outcome_counts,
                    "people_execution_count": total.by_people,
                    "success_rate": total.success_rate,
                    "reliability": total.reliability,
                    "duration_count": total.duration_count,
                    "total_duration_ms": total.total_duration_ms,
                    "avg_duration_ms": total.avg_duration_ms,
                    "total_cost": total.total_cost,
                }
            )
    return rows


def organisation_daily_usage(world: World) -> Rows:
    """The same per day, over all workflows."""
    rows = []
    for day, pairs in world.days.items():
        total = Tally.sum(pairs.values())
        rows.append(
            {
                "execution_date": day,
                "total_executions": total.executions,
                **total.outcome_counts,
                "people_execution_count": total.by_people,
                "sample_size": total.finished,
                "success_rate": total.success_rate,
                "reliability": total.reliability,
                "duration_count": total.duration_count,
                "total_duration_ms": total.total_duration_ms,
                "avg_duration_ms": total.avg_duration_ms,
                "total_cost": total.total_cost,
            }
        )
    return rows
