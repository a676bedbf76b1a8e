"""Builds small canonical batches by hand, for tests of everything behind the sources."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pyarrow as pa

from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, REJECTED_SCHEMA, ReadBatch

DAY = date(2026, 6, 15)


def uuid_of(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def at(hour: int, minute: int = 0, second: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def execution(name: str, **given: Any) -> dict[str, Any]:
    """One execution; `user`, `workflow` and `source` are names, the rest are columns."""
    user, workflow = given.pop("user", "ana"), given.pop("workflow", "report")
    start = given.pop("start_time", at(9))
    row: dict[str, Any] = {
        "id": uuid_of(name),
        "user_id": uuid_of(user),
        "workflow_id": uuid_of(workflow),
        "workflow_name": workflow.title(),
        "start_time": start,
        "end_time": None,
        "status": "completed",
        "trigger_type": "manual",
        "error_message": None,
        "input_size": None,
        "output_size": None,
        "cost": Decimal("0.250000"),
        "execution_date": start.date(),
        "source": "files",
        "source_id": name,
        "attempt": 1,
        "source_status": None,
        "updated_at": None,
        "source_user_id": user,
        "source_workflow_id": workflow,
    }
    unknown = set(given) - set(row)
    assert not unknown, unknown
    return {**row, **given}


def rejection(reason: str, day: date = DAY, source: str = "files") -> dict[str, Any]:
    return {
        "execution_date": day, "source": source, "location": "a.csv:row 7", "reason": reason,
        "original": '{"id": ""}',
    }  # fmt: skip


def batch(
    accepted: Iterable[Mapping[str, Any]], rejected: Iterable[Mapping[str, Any]] = ()
) -> ReadBatch:
    return ReadBatch(
        pa.Table.from_pylist([dict(row) for row in accepted], schema=CANONICAL_SCHEMA),
        pa.Table.from_pylist([dict(row) for row in rejected], schema=REJECTED_SCHEMA),
    )
