"""What the organisation is told about its workflows, as of the as-of day.

What is mined (`automate_this`) is not computed here: `tests/unit/mining` has references for that.
"""

from typing import Any

from .abandoned import abandoned_workflows
from .model import World
from .popular import popular_workflows
from .reliability import workflow_success_rates

LISTED = 10
SURELY_RED_BELOW = 0.70
_NOT_OF_A_WORKFLOW = (
    "sequence_id", "workflow_ids", "workflow_names", "day_count", "confidence", "lift",
)  # fmt: skip


def organisation_insights(world: World) -> list[dict[str, Any]]:
    """The most popular workflows, those that surely are red, and those that were abandoned."""
    return [*_valuable(world), *_fix_this(world), *_retire_this(world)]


def _valuable(world: World) -> list[dict[str, Any]]:
    return [
        _insight(
            world,
            "valuable",
            row,
            users=row["unique_users"],
            score=row["total_executions"],
            executions=row["total_executions"],
        )
        for row in popular_workflows(world)
        if row["as_of_date"] == world.as_of_day and row["popularity_rank"] <= LISTED
    ]


def _fix_this(world: World) -> list[dict[str, Any]]:
    return [
        _insight(
            world,
            "fix_this",
            row,
            users=row["unique_users"],
            score=row["failure_count"],
            executions=row["sample_size"],
            failures=row["failure_count"],
        )
        for row in workflow_success_rates(world)
        if row["as_of_date"] == world.as_of_day
        and row["reliability"] == "red"
        and row["success_rate_upper"] < SURELY_RED_BELOW
    ]


def _retire_this(world: World) -> list[dict[str, Any]]:
    return [
        _insight(
            world,
            "retire_this",
            row,
            users=row["users_who_abandoned"],
            score=row["users_who_abandoned"],
            last_used=row["last_used_date"],
        )
        for row in abandoned_workflows(world)
    ]


def _insight(
    world: World,
    kind: str,
    row: dict[str, Any],
    *,
    users: int,
    score: int,
    executions: int | None = None,
    failures: int | None = None,
    last_used: Any = None,
) -> dict[str, Any]:
    return {
        "insight_type": kind,
        "subject_id": row["workflow_id"],
        "workflow_id": row["workflow_id"],
        "workflow_name": row["workflow_name"],
        "user_count": users,
        "score": float(score),
        "execution_count": executions,
        "failure_count": failures,
        "success_rate": row.get("success_rate"),
        "reliability": row.get("reliability"),
        "last_used_date": last_used,
        "as_of_date": world.as_of_day,
        **dict.fromkeys(_NOT_OF_A_WORKFLOW),
    }
