"""Parses columns of instants, set-wise: ISO 8601, epochs, or a format the source declares.

An instant without an offset is in the zone the source declares. Where clocks are put back and it
happens twice, it is the first one; where they are put forward and it never happens, it is as long
after the change as it would have been (`execution_dates.instants_on_wall`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import instants_on_wall
from usage_pipeline.sources.conform.canonical import INSTANT
from usage_pipeline.sources.conform.fields import trimmed
from usage_pipeline.sources.conform.parsed import Parsed, about, flags, per_distinct

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_NAIVE: Final = pa.timestamp("us")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# Microseconds in a unit, the digits that a time before 2200 may have, and nanoseconds in a unit.
EPOCHS: Final = {
    "epoch_s": (10**6, 12, 10**3),
    "epoch_ms": (10**3, 15, 10**6),
    "epoch_us": (1, 18, 10**9),
    "epoch_ns": (1, 19, 10**9),
}
_ISO = (
    r"^(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[Tt ](?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"(?: ?(?P<offset>[Zz]|UTC|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?))?)?$"
)
_UTC_NAME = re.compile(r"\b(?:UTC|GMT)\b|(?<=\d)Z\b")
_ISO_EXAMPLE = "is not a time: write it like 2024-01-31T12:00:00Z, or set timestamp_format"


@dataclass(frozen=True)
class Clock:
    """How the times of a source are read.

    Attributes:
        zone: the zone of times without an offset.
        form: the codes of Python's strptime, or one of `EPOCHS`; None for ISO 8601.
        latest: the latest time that makes sense, if any.
    """

    zone: str = "UTC"
    form: str | None = None
    latest: datetime | None = None


def instants(name: str, column: pa.Array, text: Parsed | None, clock: Clock) -> Parsed:
    """Instants in UTC, by the microsecond.

    Args:
        name: the field, for reasons.
        column: the column as it was read; one that holds times already is taken as it is.
        text: its text, for any other; see `is_time`.
        clock: how times are read.
    """
    if text is None:
        parsed, written = _native(name, column, clock.zone), column
    else:
        written = trimmed(text.values)
        parsed = _parsed(name, written, clock).after(text)
    if not len(parsed.values):
        return parsed
    parsed = _bounded(name, parsed, written)
    if clock.latest is None:
        return parsed
    late = pc.greater(parsed.values, pa.scalar(clock.latest, INSTANT))
    what = f"is in the future: it is after {clock.latest:%Y-%m-%d %H:%M:%S %Z}".rstrip()
    return parsed.refuse(late, about(name, written, what))


def is_time(column: pa.Array) -> bool:
    """Whether a column holds times already, rather than text or numbers."""
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))


def _bounded(name: str, parsed: Parsed, written: pa.Array) -> Parsed:
    outside = pc.or_(
        pc.less(parsed.values, pa.scalar(_FIRST, INSTANT)),
        pc.greater_equal(parsed.values, pa.scalar(_AFTER_LAST, INSTANT)),
    )
    return parsed.refuse(outside, about(name, written, "is not between 1970 and 2200"))


def _parsed(name: str, text: pa.Array, clock: Clock) -> Parsed:
    if clock.form is not None and clock.form in EPOCHS:
        return _epochs(name, text, clock.form)
    if clock.form is not None:
        form = clock.form
        return per_distinct(text, lambda texts: _formatted(name, texts, form, clock.zone))
    # Arrow's own parser is fast and strict; it takes a column only if it understands all of it.
    try:
        return Parsed(text.cast(INSTANT))
    except pa.ArrowInvalid:
        pass
    try:
        return Parsed(instants_on_wall(text.cast(_NAIVE), clock.zone))
    except pa.ArrowInvalid:
        return _mixed(name, text, clock.zone)


def _mixed(name: str, text: pa.Array, zone: str) -> Parsed:
    """ISO times of any kind side by side: with an offset, without one, or not times at all."""
    parts = pc.extract_regex(text, pattern=_ISO)
    is_iso = flags(parts.is_valid())
    number = {key: _digits(parts.field(key)) for key in ("year", "month", "day", "hour", "minute")}
    second = _digits(parts.field("second"))
    micros = _digits(pc.utf8_slice_codeunits(pc.utf8_rpad(parts.field("fraction"), 6, "0"), 0, 6))
    months = (number["year"] - 1970) * 12 + number["month"] - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = first + number["day"] - 1
    hours, minutes = _digits(parts.field("hours")), _digits(parts.field("minutes"))
    sound = is_iso & (number["month"] >= 1) & (number["month"] <= 12) & (number["day"] >= 1)
    sound &= (days < following) & (number["hour"] < 24) & (number["minute"] < 60) & (second < 60)
    sound &= (hours <= 18) & (minutes < 60)
    sign = np.where(flags(pc.equal(parts.field("sign"), "-")), -1, 1)
    seconds = days * 86_400 + number["hour"] * 3600 + number["minute"] * 60 + second
    seconds -= sign * (hours * 3600 + minutes * 60)
    # Outside of what the zone's rules know every year is refused later anyway.
    near = (number["year"] > 1) & (number["year"] < 9999)
    wall = pa.array(seconds * 10**6 + micros, pa.int64(), mask=~(sound & near)).cast(_NAIVE)
    has_offset = pc.not_equal(parts.field("offset"), "")
    values = pc.if_else(has_offset, wall.cast(INSTANT), instants_on_wall(wall, zone))
    no_time = pa.array(flags(text.is_valid()) & ~(sound & near))
    return Parsed(values).refuse(no_time, about(name, text, _ISO_EXAMPLE))


def _digits(text: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Numbers of digits; 0 for none."""
    filled = pc.if_else(pc.fill_null(pc.equal(text, ""), True), "0", text)
    return np.asarray(filled.cast(pa.int64()), dtype=np.int64)


def _epochs(name: str, text: pa.Array, form: str) -> Parsed:
    """Units of time since 1970, perhaps with decimals."""
    micros, digits, per_micro = EPOCHS[form]
    pattern = rf"^(?P<whole>\d{{1,{digits}}})(?:\.(?P<fraction>\d{{1,9}})\d*)?$"
    parts = pc.extract_regex(text, pattern=pattern)
    nanos = _digits(pc.utf8_rpad(parts.field("fraction"), 9, "0"))
    whole = _digits(parts.field("whole"))
    count = whole // 1000 if form == "epoch_ns" else whole * micros + nanos // per_micro
    values = pa.array(count, pa.int64(), mask=~flags(parts.is_valid())).cast(INSTANT)
    no_time = pc.and_(text.is_valid(), values.is_null())
    return Parsed(values).refuse(no_time, about(name, text, f"is not a time of the form {form}"))


def _formatted(name: str, text: pa.Array, form: str, zone: str) -> Parsed:
    """Times in the format of the source; distinct ones only, since Python reads them one by one."""
    source_zone = ZoneInfo(zone)
    # strptime reads a zone's name and forgets it: only names that are the same everywhere are read.
    names_zone = "%Z" in form
    bare_form = " ".join(form.replace("%Z", "").split())

    def parse(each: str) -> datetime | None:
        text, expected = each, source_zone
        if names_zone:
            text, count = _UTC_NAME.subn("", each)
            text, expected = " ".join(text.split()), ZoneInfo("UTC")
            if count != 1:
                return None
        try:
            time = datetime.strptime(text, bare_form if names_zone else form)  # noqa: DTZ007
            return (time if time.tzinfo else time.replace(tzinfo=expected)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    values = pa.array([parse(each) for each in text.to_pylist()], INSTANT)
    what = f"is not a time of the form {form}"
    if names_zone:
        what += " (of zone names only UTC and GMT are known: write offsets, as %z)"
    return Parsed(values).refuse(values.is_null(), about(name, text, what))


def _native(name: str, column: pa.Array, zone: str) -> Parsed:
    kind, written = column.type, column
    if pa.types.is_date(kind):
        column = column.cast(pa.date32()).cast(pa.timestamp("s"))
        kind = column.type
    unit = _PER_SECOND[kind.unit]
    count = column.cast(pa.int64())
    # Bounded in its own unit: what is far out would not fit the microseconds.
    outside = pc.or_(
        pc.less(count, -86_400 * unit),
        pc.greater(count, (int(_AFTER_LAST.timestamp()) + 86_400) * unit),
    )
    bad = Parsed(column).refuse(outside, about(name, written, "is not between 1970 and 2200"))
    if kind.tz is None:
        return bad.with_values(instants_on_wall(bad.values.cast(_NAIVE, safe=False), zone))
    return bad.with_values(
        bad.values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(INSTANT)
    )
