"""One state of one execution as the caller reports it, and as `POST /track` reads it."""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

Status = Literal["started", "completed", "failed", "cancelled"]
Trigger = Literal["manual", "scheduled", "api", "chained"]

ERROR_CHARACTERS: Final = 1_000
# Bounds what waits in memory; the API cuts or refuses names earlier than that.
_TEXT_CHARACTERS: Final = 2_000


@dataclass(slots=True)
class Report:
    """A state of an execution. Several with one `execution_id` (and `attempt`) are one execution.

    Attributes:
        user_id: whose execution it is.
        workflow_id: which workflow ran.
        status: `started`, or how it ended.
        execution_id: the id of the execution; without one the API makes one of each report.
        workflow_name: what people call the workflow.
        attempt: 1 for the first try, 2 for the first repetition, ...
        start_time: when it started. A time without a zone is the machine's local time.
        end_time: when it ended.
        duration_ms: how long it took; only needed without an end.
        trigger: what started it.
        input_size: bytes read.
        output_size: bytes written.
        cost: what it cost, in the currency of the organisation.
        error_message: why it failed.
    """

    user_id: str
    workflow_id: str
    status: Status
    execution_id: str | None = None
    workflow_name: str | None = None
    attempt: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_ms: int | None = None
    trigger: Trigger | None = None
    input_size: int | None = None
    output_size: int | None = None
    cost: float | Decimal | None = None
    error_message: str | None = None


_NAMES: Final = tuple(field.name for field in fields(Report))


def complete(newer: Report, older: Report) -> Report:
    """Fill what the newer state of an execution leaves out with what an older one said."""
    for name in _NAMES:
        if getattr(newer, name) is None:
            setattr(newer, name, getattr(older, name))
    return newer


def plain(report: Report) -> dict[str, Any]:
    """The report as what JSON can write, without its empty fields."""
    return {name: _plain(value) for name in _NAMES if (value := getattr(report, name)) is not None}


def encoded(report: Report) -> bytes:
    """The report as a JSON object without its empty fields.

    Raises:
        ValueError: a number that JSON has not (not a number, infinity).
        TypeError: a value of a type that JSON has not.
    """
    return json.dumps(plain(report), allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        # Half of a surrogate pair is no Unicode and NUL no text for Postgres: one such character
        # in an exception's message would cost the whole execution.
        readable = value[:_TEXT_CHARACTERS].encode("utf-8", "replace").decode()
        return readable.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return value
