"""Reports: one state of one execution, how a call's end becomes one, and those that wait.

A report is written here as `POST /track` reads it. Sending is the sender's.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
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


def status_of(error: BaseException | None) -> Status:
    """The status of an execution that ended with this exception.

    `CancelledError`, `KeyboardInterrupt` and `GeneratorExit` end a call from outside: cancelled.
    So does a group of nothing but these. `sys.exit()` without a complaint is an ordinary end.
    """
    if error is None:
        return "completed"
    if isinstance(error, SystemExit):
        return "completed" if error.code in (None, 0) else "failed"
    if isinstance(error, BaseExceptionGroup):
        return "failed" if error.subgroup(Exception) is not None else "cancelled"
    return "failed" if isinstance(error, Exception) else "cancelled"


def error_text(error: BaseException, *, with_message: bool) -> str:
    """Type and message of an exception, never longer than `ERROR_CHARACTERS`."""
    name = type(error).__qualname__
    if not with_message:
        return name[:ERROR_CHARACTERS]
    try:
        message = str(error)
    except Exception:
        # An exception that cannot say what it is still happened.
        message = ""
    return shortened(f"{name}: {message}" if message else name)


def shortened(text: str) -> str:
    """A text of at most `ERROR_CHARACTERS`, with an ellipsis where it was cut."""
    return text if len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1] + "…"


def in_parts(batch: Sequence[Report], most_bytes: int) -> tuple[list[list[bytes]], list[str]]:
    """The encoded reports in order, in parts of at most `most_bytes`, each for one request.

    They are encoded one by one, so that a bad one costs only itself.

    Returns:
        The parts, and the reason of each report that cannot be encoded.
    """
    parts: list[list[bytes]] = []
    reasons: list[str] = []
    room = 0
    for report in batch:
        try:
            item = encoded(report)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            reasons.append(f"{type(error).__name__}: {error}")
            continue
        if not parts or len(item) + 1 > room:
            parts.append([])
            room = most_bytes
        parts[-1].append(item)
        room -= len(item) + 1
    return parts, reasons


class Waiting:
    """Reports in the order of their executions' arrival, one for each execution.

    Not thread-safe: the sender holds the lock.

    A newer state of an execution that still waits takes the place of the older one, so that an
    execution shorter than the sending interval is one report.

    When it is full, new executions are left out, not old ones: what was taken is sent. The end of
    an execution whose start was taken finds room up to twice the capacity, because a start without
    its end would be an execution that is open for ever.
    """

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` reports of new executions."""
        self._capacity = capacity
        self._reports: OrderedDict[object, Report] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reports)

    def add(self, report: Report, *, taken_before: bool) -> bool | None:
        """Take a report.

        Args:
            report: the newest state of its execution.
            taken_before: an earlier state of the same execution was taken.

        Returns:
            True when it waits now, None when it took the place of one that did, False when full.
        """
        # A report without an id is an execution of its own.
        key: object = report.execution_id and (report.execution_id, report.attempt)
        key = key or id(report)
        older = self._reports.get(key)
        if older is not None:
            if report.status == "started" != older.status:
                complete(older, report)
            else:
                self._reports[key] = complete(report, older)
            return None
        if len(self._reports) >= self._capacity * (2 if taken_before else 1):
            return False
        self._reports[key] = report
        return True

    def take(self, most: int) -> list[Report]:
        """Remove and return the first ones."""
        reports = self._reports
        return [reports.popitem(last=False)[1] for _ in range(min(most, len(reports)))]

    def clear(self) -> int:
        """Remove all; returns how many there were."""
        count = len(self._reports)
        self._reports.clear()
        return count
