"""What the organisation is told about its workflows, as of the as-of day.

What is mined (`automate_this`) is not computed here: `tests/unit/mining` has references for that.
"""

import math
import re
import unicodedata
from typing import Any
from uuid import UUID

from .abandoned import abandoned_workflows
from .model import World
from .popular import popular_workflows
from .reliability import workflow_success_rates

LISTED = 10
SURELY_RED_BELOW = 0.70
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_NOT_OF_A_WORKFLOW = ("sequence_id", "workflow_ids", "day_count", "confidence", "lift")


def organisation_insights(world: World) -> list[dict[str, Any]]:
    """The most popular workflows, those that surely are red, and those that were abandoned."""
    return [*_valuable(world), *_fix_this(world), *_retire_this(world)]


def _valuable(world: World) -> list[dict[str, Any]]:
    return [
        _insight(
            world,
            "valuable",
            row["workflow_id"],
            users=row["unique_users"],
            score=row["total_executions"],
            executions=row["total_executions"],
            success_rate=row["success_rate"],
            says=f"is valuable: {_counted(row['unique_users'], 'user')} ran it "
            f"{_counted(row['total_executions'], 'time')} in the last 7 days",
        )
        for row in popular_workflows(world)
        if row["as_of_date"] == world.as_of_day and row["popularity_rank"] <= LISTED
    ]


def _fix_this(world: World) -> list[dict[str, Any]]:
    return [
        _insight(
            world,
            "fix_this",
            row["workflow_id"],
            users=row["unique_users"],
            score=row["failure_count"],
            executions=row["sample_size"],
            failures=row["failure_count"],
            success_rate=row["success_rate"],
            says=f"fails often: {_percent(row['success_rate'])} of "
            f"{_counted(row['sample_size'], 'finished run')} succeeded in the last 30 days. Fix it",
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
            row["workflow_id"],
            users=row["users_who_abandoned"],
            score=row["users_who_abandoned"],
            last_used=row["last_used_date"],
            before="Nobody has run ",
            says=f"since {row['last_used_date']}; {_counted(row['users_who_abandoned'], 'user')} "
            "used it before. Retire it?",
        )
        for row in abandoned_workflows(world)
    ]


def _insight(
    world: World,
    kind: str,
    workflow_id: UUID,
    *,
    users: int,
    score: int,
    says: str,
    before: str = "",
    executions: int | None = None,
    failures: int | None = None,
    success_rate: float | None = None,
    last_used: Any = None,
) -> dict[str, Any]:
    subject = _shown(world.name(workflow_id), workflow_id)
    return {
        "insight_type": kind,
        "subject_id": workflow_id,
        "workflow_id": workflow_id,
        "subject": subject,
        "message": f"{before}{subject} {says}",
        "user_count": users,
        "score": float(score),
        "execution_count": executions,
        "failure_count": failures,
        "success_rate": success_rate,
        "last_used_date": last_used,
        "as_of_date": world.as_of_day,
        **dict.fromkeys(_NOT_OF_A_WORKFLOW),
    }


def _shown(name: str | None, workflow_id: UUID) -> str:
    visible = "".join(
        " " if unicodedata.category(letter) in _INVISIBLE else letter for letter in name or ""
    )
    text = re.sub(" +", " ", visible).strip().replace('"', "'")
    return f'"{text or f"workflow {str(workflow_id)[:8]}"}"'


def _percent(rate: float) -> str:
    if 0 < rate < 0.005:
        return "less than 1%"
    return f"{math.floor(100 * rate + 0.5)}%"


def _counted(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
