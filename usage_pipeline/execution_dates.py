"""The one place that turns an instant into an execution date, and a day into its instants.

Nothing else in the product computes an execution date: not the database, not dbt. The other way
round, times on the wall of a zone become instants here too, by the same rules of the same zones:
Python's `zoneinfo`, which knows the rules of coming years as well.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from usage_pipeline.errors import UsageError

_Micros = npt.NDArray[np.int64]

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - times on a wall have no zone
_SECOND: Final = 1_000_000
_DAY_SECONDS: Final = 86_400
# The days that Python's calendar has, with room for an offset.
_FIRST_DAY: Final = -719_160
_LAST_DAY: Final = 2_932_894


def check_zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        UsageError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"{name!r} is no time zone: use an IANA name such as Europe/Berlin."
        ) from None


def execution_dates(start_times: pa.Array, zone: str) -> pa.Array:
    """The calendar dates that instants have in a zone.

    Args:
        start_times: timestamps with a zone (whichever); nulls stay null.
        zone: the warehouse's zone, an IANA name.

    Returns:
        As many `date32`.

    Raises:
        UsageError: there is no such zone.
    """
    check_zone(zone)
    micros = _micros(start_times)
    if zone != "UTC":
        micros = micros + _offsets(micros, zone, _offset_at) * _SECOND
    days = (micros // (_DAY_SECONDS * _SECOND)).astype(np.int32)
    return pa.array(days, pa.int32(), mask=_nulls(start_times)).cast(pa.date32())


def instants_on_wall(walls: pa.Array, zone: str) -> pa.Array:
    """The instants at which the clocks of a zone show given times.

    A time that clocks show twice is the first of the two; one that they skip is as long after the
    last change as it would have been without it.

    Args:
        walls: timestamps without a zone; nulls stay null.
        zone: whose clocks, an IANA name.

    Returns:
        As many instants in UTC, by the microsecond.

    Raises:
        UsageError: there is no such zone.
    """
    check_zone(zone)
    micros = _micros(walls)
    if zone != "UTC":
        micros = micros - _offsets(micros, zone, _offset_on_wall) * _SECOND
    return pa.array(micros, pa.int64(), mask=_nulls(walls)).cast(pa.timestamp("us", tz="UTC"))


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The first instant of a day in a zone, and the one after its last, both in UTC.

    A day is 23 or 25 hours long where clocks change. Where they change just after midnight (such
    as in Newfoundland until 2011) the bounds hold all of the day and some minutes of the next.

    Args:
        day: the execution date.
        zone: the warehouse's zone, an IANA name.

    Raises:
        UsageError: there is no such zone.
    """
    zone_info = check_zone(zone)
    start = datetime.combine(day, time.min, zone_info).astimezone(UTC)
    midnight = datetime.combine(day + timedelta(days=1), time.min, zone_info)
    end, repeated = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if repeated > end and (repeated - timedelta.resolution).astimezone(zone_info).date() == day:
        end = repeated
    return start, end


def last_complete_day(now: datetime, zone: str) -> date:
    """The last execution date that is over in a zone: what people there call yesterday."""
    return now.astimezone(check_zone(zone)).date() - timedelta(days=1)


def days_between(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _offsets(micros: _Micros, zone: str, offset: Callable[[str, int], int]) -> _Micros:
    """Seconds to add to UTC, for each time. Zones are asked per day, not per time."""
    seconds = micros // _SECOND
    days, places = np.unique(seconds // _DAY_SECONDS, return_inverse=True)
    bounds = [
        (
            offset(zone, int(day) * _DAY_SECONDS),
            offset(zone, (int(day) + 1) * _DAY_SECONDS),
        )
        for day in days.clip(_FIRST_DAY, _LAST_DAY)
    ]
    starts, ends = np.array(bounds, np.int64).reshape(-1, 2).T
    offsets: _Micros = starts[places]
    changing = (starts != ends)[places]
    if changing.any():
        # Clocks change on these days: there, each second is looked at.
        distinct, inverse = np.unique(seconds[changing], return_inverse=True)
        exact = np.array([offset(zone, int(second)) for second in distinct], np.int64)
        offsets[changing] = exact[inverse]
    return offsets


@lru_cache(maxsize=100_000)
def _offset_at(zone: str, second: int) -> int:
    """The offset of a zone at an instant, in seconds."""
    instant = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=UTC)
    return _seconds(instant.astimezone(ZoneInfo(zone)).utcoffset())


@lru_cache(maxsize=100_000)
def _offset_on_wall(zone: str, second: int) -> int:
    """The offset of a zone when its clocks first show a time, in seconds."""
    return _seconds((_EPOCH + timedelta(seconds=second)).replace(tzinfo=ZoneInfo(zone)).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    return int((offset or timedelta()).total_seconds())


def _micros(times: pa.Array) -> _Micros:
    zone = times.type.tz
    micros = times.cast(pa.timestamp("us", tz=zone)).cast(pa.int64()).fill_null(0)
    return np.asarray(micros, dtype=np.int64)


def _nulls(times: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(times.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
