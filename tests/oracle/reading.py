"""From copies of executions to executions: what both readers share.

Copies of one execution merge to the same result in whatever order they come.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from uuid import UUID, uuid5

import pyarrow as pa

from usage_pipeline.sources.conform.error_classes import masked

from .model import Execution, KnownUser, KnownWorkflow

STATUSES = ("completed", "failed", "cancelled", "started")
TRIGGERS = ("manual", "scheduled", "api", "chained")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class RowError(ValueError):
    """Why a row cannot be an execution."""


@cache
def error_class(status: str, message: str | None) -> str | None:
    """The class of a failure. What is masked how is tested by itself, and taken as it is here."""
    if status != "failed" or not message:
        return None
    text: str | None = masked(pa.array([message], pa.string())).to_pylist()[0]
    return text


@dataclass(frozen=True)
class Copy:
    """One state of an execution as a source gave it, with the names it came with."""

    execution: Execution
    workflow_name: str | None
    source_workflow_id: str
    source_user_id: str


@dataclass
class Reading:
    """Everything one input said: read = executions + rejected + duplicates."""

    read: int
    executions: list[Execution]
    names: dict[UUID, KnownWorkflow]
    users: dict[UUID, KnownUser]
    rejected: list[tuple[int, str]]

    @property
    def duplicates(self) -> int:
        """Copies that another copy of the same execution stands for."""
        return self.read - len(self.executions) - len(self.rejected)


def reading(read: int, copies: Iterable[Copy], rejected: list[tuple[int, str]]) -> Reading:
    """Merge copies and pick each workflow's latest name."""
    copies = list(copies)
    groups: dict[tuple[str, UUID], list[Execution]] = defaultdict(list)
    for copy in copies:
        groups[copy.execution.source, copy.execution.id].append(copy.execution)
    users = {
        copy.execution.user_id: KnownUser(copy.execution.source, copy.source_user_id)
        for copy in copies
    }
    executions = [merged(group) for group in groups.values()]
    return Reading(read, executions, _names(copies), users, rejected)


def merged(copies: list[Execution]) -> Execution:
    """The terminal copy before the open one, then the one updated last, then by status.

    The start is the earliest that any copy knows; an update time that is not known is the oldest.
    Between copies that still tie the greater text decides, so that the order of arrival never does.
    """
    winner = max(
        copies,
        key=lambda copy: (
            copy.status != "started",
            copy.updated_at or LONG_AGO,
            -STATUSES.index(copy.status),
            repr(copy),
        ),
    )
    first = min(copies, key=lambda copy: copy.start_time)
    return replace(winner, start_time=first.start_time, execution_date=first.execution_date)


def _names(copies: list[Copy]) -> dict[UUID, KnownWorkflow]:
    """The name of the latest start, of two at one instant the greater; no name is no news."""
    names: dict[UUID, KnownWorkflow] = {}
    oldest_first = sorted(
        copies,
        key=lambda copy: (
            bool(copy.workflow_name),
            copy.execution.start_time,
            copy.workflow_name or "",
        ),
    )
    for copy in oldest_first:
        names[copy.execution.workflow_id] = KnownWorkflow(
            copy.workflow_name or None, copy.execution.source, copy.source_workflow_id
        )
    return names


def mapped_id(kind: str, value: str, namespace: UUID) -> UUID:
    """The id itself where it already is a UUID, else UUIDv5 of the kind and the id."""
    return UUID(value) if is_uuid(value) else uuid5(namespace, f"{kind}:{value}")


def execution_id(workflow: UUID, value: str, attempt: int, namespace: UUID) -> UUID:
    """The id of one attempt at a workflow; only a first attempt may keep a UUID of its source."""
    if attempt == 1 and is_uuid(value):
        return UUID(value)
    return uuid5(namespace, f"execution:{workflow}/{value}/{attempt}")


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID of 36 characters."""
    try:
        return len(text) == 36 and str(UUID(text)) == text.lower()
    except ValueError:
        return False


def instant(text: str) -> datetime:
    """An ISO 8601 instant in UTC. One without an offset could be any hour and is refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(f"no time: {text!r}") from None
    if found.tzinfo is None:
        raise RowError(f"a time without an offset: {text!r}")
    return found.astimezone(UTC)


def day_of(start: datetime, zone: tzinfo) -> date:
    """The calendar date of a start in the warehouse's zone."""
    return start.astimezone(zone).date()
