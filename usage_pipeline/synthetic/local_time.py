"""Local days as instants: when a day begins and ends and when its hours strike.

All instants are milliseconds since 1970-01-01 UTC. The zone is given; no clock is read.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]

SECOND_MS = 1_000
HOUR_MS = 3_600_000


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
