"""Executions for examples by hand: users and workflows by name, days by age."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from .everything import marts
from .model import Execution, KnownUser, KnownWorkflow

AS_OF = date(2026, 3, 4)
NAMESPACE = UUID("11111111-1111-4111-8111-111111111111")
_numbers = count()


def ident(name: str) -> UUID:
    """The id that stands for a name."""
    return uuid5(NAMESPACE, name)


def days_ago(age: int) -> date:
    """The day that many days before the as-of day."""
    return AS_OF - timedelta(days=age)


def run(
    age: int = 0,
    user: str = "ann",
    workflow: str = "build",
    status: str = "completed",
    trigger: str | None = "manual",
    *,
    at: time = time(9),
    seconds: float | None = None,
    cost: str | None = None,
    attempt: int = 1,
) -> Execution:
    """One execution, `seconds` long."""
    start = datetime.combine(days_ago(age), at, UTC)
    return Execution(
        id=ident(f"execution {next(_numbers)}"),
        user_id=ident(user),
        workflow_id=ident(workflow),
        execution_date=start.date(),
        start_time=start,
        end_time=None if seconds is None else start + timedelta(seconds=seconds),
        status=status,
        trigger_type=trigger,
        cost=None if cost is None else Decimal(cost),
        attempt=attempt,
    )


def rows(mart: str, executions: Iterable[Execution], **key: Any) -> list[dict[str, Any]]:
    """The rows of a mart that have the given values; names stand for ids."""
    executions = list(executions)
    names = {
        execution.workflow_id: KnownWorkflow("Build", "files", "build") for execution in executions
    }
    users = {execution.user_id: KnownUser("files", "ann") for execution in executions}
    days = {execution.execution_date for execution in executions} | {AS_OF}
    wanted = {name: ident(value) if name.endswith("_id") else value for name, value in key.items()}
    return [
        row
        for row in marts(executions, names, users, days, AS_OF)[mart]
        if all(row[name] == value for name, value in wanted.items())
    ]


def only(mart: str, executions: Iterable[Execution], **key: Any) -> dict[str, Any]:
    """The one row of a mart that has the given values."""
    found = rows(mart, executions, **key)
    assert len(found) == 1, f"{len(found)} rows of {mart} have {key}"
    return found[0]
