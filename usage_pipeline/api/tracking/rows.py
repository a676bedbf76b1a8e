"""Reported executions: what an item may say, and the row that becomes of it. No database here."""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import to_json

from usage_pipeline.identity import mapped_id, tracked_execution_id
from usage_pipeline.terms import CLOCK_TOLERANCE, END_SKEW, Status, Trigger

MOST_ITEMS: Final = 1000
# Stands in a list of items for one that was not read.
TOO_DEEP: Final = "its values are nested too deep"
_NAME_CHARACTERS = 255
_MESSAGE_CHARACTERS = 10_000
_LONGEST_MS = 10 * 366 * 86_400_000
_COST_BOUND = 10**12
_COST_PLACES = 6


def _clean(value: object) -> object:
    """Text as Postgres can hold it: without NUL and halves of surrogate pairs; numbers as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        # The same id as the whole number: 7001.0 is 7001.
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        return value
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\0", "").strip()


def _clean_id(value: object) -> object:
    """The same; an id that is no Unicode is refused, or two could become one."""
    if isinstance(value, str) and not value.isascii() and not _is_unicode(value):
        raise ValueError("not Unicode text")
    return _clean(value)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _rounded(value: object) -> object:
    """A duration with a fraction as whole milliseconds, rounded down."""
    return int(value) if isinstance(value, float) and math.isfinite(value) else value


def _rounded_cost(cost: Decimal) -> Decimal:
    """A cost as the column holds it; one that rounds up to the bound is out of range."""
    # Greater ones have more digits than can be rounded.
    if abs(cost) >= _COST_BOUND or round(cost, _COST_PLACES) >= _COST_BOUND:
        raise ValueError(f"the cost must be less than {_COST_BOUND:,}")
    return round(cost, _COST_PLACES)


_Id = Annotated[str, BeforeValidator(_clean_id), Field(min_length=1, max_length=255)]
_Text = Annotated[str, BeforeValidator(_clean)]


def _either(name: str, *others: str) -> AliasChoices:
    first, *rest = name.split("_")
    return AliasChoices(name, first + "".join(part.capitalize() for part in rest), *others)


class TrackedItem(BaseModel):
    """One state of one execution. Names in camelCase are understood as well."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "example": {
                "user_id": "ana",
                "workflow_id": "send-report",
                "workflow_name": "Send weekly report",
                "status": "completed",
                "execution_id": "run-4711",
                "start_time": "2026-06-28T09:00:00Z",
                "duration_ms": 1250,
                "trigger": "manual",
            }
        },
    )

    user_id: _Id = Field(
        validation_alias=_either("user_id"),
        description="Who ran it: a UUID, or your own id, which is mapped to one.",
    )
    workflow_id: _Id = Field(
        validation_alias=_either("workflow_id"), description="The workflow that ran, likewise."
    )
    workflow_name: _Text | None = Field(None, validation_alias=_either("workflow_name"))
    status: Status
    execution_id: _Id | None = Field(
        None,
        validation_alias=_either("execution_id", "id"),
        description="Your id of the execution. States with one id are one execution of the user "
        "and the workflow; without it each item is an execution of its own.",
    )
    attempt: int = Field(1, ge=1, le=2**31 - 1)
    start_time: AwareDatetime | None = Field(
        None, validation_alias=_either("start_time"), description="With an offset or Z."
    )
    end_time: AwareDatetime | None = Field(None, validation_alias=_either("end_time"))
    duration_ms: Annotated[int | None, BeforeValidator(_rounded)] = Field(
        None,
        ge=0,
        le=_LONGEST_MS,
        validation_alias=_either("duration_ms", "duration"),
        description="Milliseconds; `duration` is the same.",
    )
    trigger: Trigger | None = Field(
        None, validation_alias=AliasChoices("trigger", "trigger_type", "triggerType")
    )
    input_size: int | None = Field(
        None, ge=0, le=2**63 - 1, validation_alias=_either("input_size"), description="Bytes."
    )
    output_size: int | None = Field(
        None, ge=0, le=2**63 - 1, validation_alias=_either("output_size"), description="Bytes."
    )
    cost: Annotated[Decimal, AfterValidator(_rounded_cost)] | None = Field(
        None, ge=0, lt=_COST_BOUND
    )
    error_message: _Text | None = Field(None, validation_alias=_either("error_message", "error"))


_ITEM: Final[TypeAdapter[TrackedItem]] = TypeAdapter(TrackedItem)
_ITEMS: Final[TypeAdapter[list[TrackedItem]]] = TypeAdapter(list[TrackedItem])


@dataclass(frozen=True)
class Window:
    """When a tracked execution may start.

    Attributes:
        earliest: the first execution date that tracked executions are kept for.
        received: when the request came in.
    """

    earliest: date
    received: datetime


def parse_items(items: list[Any]) -> list[TrackedItem | str]:
    """Each item, or why it is none."""
    try:
        return list(_ITEMS.validate_python(items))
    except ValidationError:
        return [_parsed(each) for each in items]


def _parsed(item: Any) -> TrackedItem | str:
    if item == TOO_DEEP:
        return TOO_DEEP
    try:
        return _ITEM.validate_python(item)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])


@dataclass(frozen=True)
class Start:
    """When a state says that its execution started.

    Attributes:
        time: the time; None when it follows from when the state arrives, which the warehouse tells.
        is_given: whether the application said so, by itself or with an end and a duration.
    """

    time: datetime | None
    is_given: bool


def start_of(item: TrackedItem, window: Window) -> Start | str:
    """When an item says it started; why it makes no sense, if it does not."""
    start, end = item.start_time, item.end_time
    latest = window.received + CLOCK_TOLERANCE
    lasted = timedelta(milliseconds=item.duration_ms or 0)
    try:
        began = (start or (end or window.received) - lasted).astimezone(UTC)
        implied_end = start + lasted if start is not None and end is None else None
    except OverflowError:
        return "its times are out of range"
    if any(time is not None and time > latest for time in (start, end, implied_end)):
        return "it starts or ends in the future"
    if began.date() < window.earliest:
        return (
            f"it starts before {window.earliest}, and tracked executions are kept no longer: "
            "load it from a file"
        )
    is_given = start is not None or (end is not None and item.duration_ms is not None)
    return Start(None if start is None and end is None else began, is_given)


def end_of(item: TrackedItem) -> datetime | None:
    """When it ended in UTC, if that is known. Postgres refuses offsets of 16 hours and more.

    An end before the start is the start where clocks may differ so much. Further before it is a
    wrong time, and the execution counts without a duration.
    """
    start, end = item.start_time, item.end_time
    if end is None:
        return None
    if start is None or end >= start:
        return end.astimezone(UTC)
    return start.astimezone(UTC) if start - end <= END_SKEW else None


def user_of(item: TrackedItem, namespace: UUID) -> UUID:
    """Who ran it."""
    return _mapped("user", item.user_id, namespace)


def row_of(
    item: TrackedItem,
    execution_id: str,
    start: Start,
    namespace: UUID,
    row_id: UUID | None = None,
) -> str:
    """The row of `raw.tracked_executions` as JSON, under its own id where it has one."""
    user = user_of(item, namespace)
    workflow = _mapped("workflow", item.workflow_id, namespace)
    end = end_of(item)
    report = {
        "id": row_id or tracked_execution_id(user, workflow, item.attempt, execution_id),
        "status": item.status,
        "user_id": user,
        "workflow_id": workflow,
        "workflow_name": item.workflow_name and item.workflow_name[:_NAME_CHARACTERS],
        "source_user_id": item.user_id,
        "source_workflow_id": item.workflow_id,
        "source_id": execution_id,
        "attempt": item.attempt,
        "start_time": start.time,
        "is_start_given": start.is_given,
        "end_time": end,
        "duration_ms": item.duration_ms,
        "trigger_type": item.trigger,
        "error_message": item.error_message and item.error_message[:_MESSAGE_CHARACTERS],
        "input_size": item.input_size,
        "output_size": item.output_size,
        "cost": item.cost,
        "updated_at": end or (start.time if item.start_time else None),
    }
    content = to_json(report)
    # The same content gets the same hash whenever it is sent: nothing in it follows from the clock.
    content_hash = hashlib.blake2b(content, digest_size=16).hexdigest()
    return f'{content[:-1].decode()},"content_hash":"{content_hash}"}}'


@lru_cache(maxsize=100_000)
def _mapped(kind: str, text: str, namespace: UUID) -> UUID:
    return mapped_id(kind, text, namespace)
