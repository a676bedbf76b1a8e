"""The executions of a day before anything is known but who starts what and when.

When is an instant of a local day, in milliseconds since 1970-01-01 UTC. The zone is a parameter; no
clock is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

Instants = npt.NDArray[np.int64]

SECOND_MS = 1_000
HOUR_MS = 3_600_000


class Status(IntEnum):
    """Statuses as numbers; the names are those of the canonical schema."""

    STARTED = 0
    COMPLETED = 1
    FAILED = 2
    CANCELLED = 3


class Trigger(IntEnum):
    """Triggers as numbers; the names are those of the canonical schema."""

    MANUAL = 0
    API = 1
    SCHEDULED = 2
    CHAINED = 3


UNDECIDED = -1


@dataclass(frozen=True, slots=True)
class Starts:
    """Columns of equal length, one entry an execution.

    `user` and `workflow` number the population's. `status` and `trigger` may be `UNDECIDED`.
    The duration is cut off at `limit_ms` where that is not 0. Only executions that `may_retry`
    can have a second attempt.
    """

    user: Ints
    workflow: Ints
    start_ms: Ints
    trigger: Small
    status: Small
    limit_ms: Ints
    may_retry: Mask

    def __len__(self) -> int:
        """The number of executions."""
        return len(self.user)

    @classmethod
    def of(
        cls,
        user: Ints,
        workflow: Ints,
        start_ms: Ints,
        *,
        trigger: int = UNDECIDED,
        status: Small | None = None,
        limit_ms: Ints | None = None,
        may_retry: bool = False,
    ) -> Self:
        """Executions with one trigger; all that is not given is undecided."""
        count = len(user)
        return cls(
            user=user.astype(np.int64),
            workflow=workflow.astype(np.int64),
            start_ms=start_ms.astype(np.int64),
            trigger=np.full(count, trigger, dtype=np.int8),
            status=np.full(count, UNDECIDED, dtype=np.int8) if status is None else status,
            limit_ms=np.zeros(count, dtype=np.int64) if limit_ms is None else limit_ms,
            may_retry=np.full(count, may_retry),
        )

    def take(self, chosen: npt.NDArray[Any]) -> Self:
        """Those that a mask or positions choose."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All of them, one part after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One calendar day of a zone; 23 or 25 hours long when the clocks change."""

    day: date
    begin_ms: int
    end_ms: int
    hour_begin_ms: Instants

    def instants(self, local_ms: Instants) -> Instants:
        """Instants of wall-clock times, given as milliseconds since 00:00.

        A time that the clocks skip becomes the one an hour later, a time they show twice the
        first of both: what `datetime` does with `fold=0`.
        """
        return self.hour_begin_ms[local_ms // HOUR_MS] + local_ms % HOUR_MS


def midnight_ms(day: date, zone: str) -> int:
    """The instant at which a day begins."""
    return _instant_ms(day, 0, ZoneInfo(zone))


@lru_cache(maxsize=512)
def local_day(day: date, zone: str) -> LocalDay:
    """The day as instants."""
    info = ZoneInfo(zone)
    hours = np.array([_instant_ms(day, hour, info) for hour in range(24)], dtype=np.int64)
    return LocalDay(day, int(hours[0]), midnight_ms(day + timedelta(days=1), zone), hours)


def clocks_change_overnight(day: date, zone: str) -> bool:
    """Whether the clocks change between 23:00 of the day and 02:00 of the next."""
    info = ZoneInfo(zone)
    elapsed = _instant_ms(day + timedelta(days=1), 2, info) - _instant_ms(day, 23, info)
    return elapsed != 3 * HOUR_MS


def _instant_ms(day: date, hour: int, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(hour), tzinfo=zone).timestamp()) * SECOND_MS
