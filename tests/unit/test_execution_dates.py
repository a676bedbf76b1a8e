"""Execution dates: the calendar date of a start in the warehouse's zone, whatever clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.errors import UsageError
from usage_pipeline.execution_dates import check_zone, day_bounds, execution_dates, instants_on_wall

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # clocks changed at midnight
    "America/St_Johns",  # clocks changed a minute after midnight
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # skipped a day
    "Asia/Kathmandu",
]
# The zone's own first and last days are left out: a zone may be a day ahead of UTC.
INSTANTS = st.datetimes(datetime(1970, 1, 3), datetime(2199, 12, 29)).map(  # noqa: DTZ001
    lambda found: found.replace(tzinfo=UTC)
)


def dates_of(instants: list[datetime | None], zone: str) -> list[date | None]:
    return execution_dates(pa.array(instants, pa.timestamp("us", tz="UTC")), zone).to_pylist()


@given(st.lists(st.none() | INSTANTS), st.sampled_from(ZONES))
def test_the_date_is_the_one_the_clock_on_the_wall_shows(
    instants: list[datetime | None], zone: str
) -> None:
    expected = [found and found.astimezone(ZoneInfo(zone)).date() for found in instants]
    assert dates_of(instants, zone) == expected


@given(st.lists(st.none() | INSTANTS), st.sampled_from(ZONES))
def test_a_time_on_the_wall_is_the_instant_that_python_makes_of_it(
    instants: list[datetime | None], zone: str
) -> None:
    # A time that clocks show twice means the first: Hypothesis makes the second (fold) as well.
    walls = [found and found.replace(tzinfo=None, fold=0) for found in instants]
    expected = [wall and wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in walls]
    found = instants_on_wall(pa.array(walls, pa.timestamp("us")), zone)
    assert found.to_pylist() == expected


@given(
    st.datetimes(datetime(2024, 3, 30, 22), datetime(2024, 4, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Gaza"]),
)
def test_a_day_on_which_clocks_change_is_looked_at_closely(moment: datetime, zone: str) -> None:
    test_the_date_is_the_one_the_clock_on_the_wall_shows.hypothesis.inner_test(
        [moment.replace(tzinfo=UTC)], zone
    )
    test_a_time_on_the_wall_is_the_instant_that_python_makes_of_it.hypothesis.inner_test(
        [moment.replace(tzinfo=UTC)], zone
    )


@given(INSTANTS, st.sampled_from(ZONES))
def test_every_instant_lies_within_the_bounds_of_its_date(instant: datetime, zone: str) -> None:
    day = dates_of([instant], zone)[0]
    assert day is not None
    start, end = day_bounds(day, zone)
    assert start <= instant < end


@given(INSTANTS.map(datetime.date), st.sampled_from(ZONES))
def test_the_bounds_of_a_day_start_and_end_on_it(day: date, zone: str) -> None:
    start, end = day_bounds(day, zone)
    if start == end:  # a day that never was
        assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        return
    assert dates_of([start, end - timedelta(microseconds=1)], zone) == [day, day]


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24)],
)
def test_a_day_is_longer_or_shorter_where_clocks_change(day: date, hours: int) -> None:
    start, end = day_bounds(day, "Europe/Berlin")
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is UTC


def test_instants_in_another_zone_are_the_same_instants() -> None:
    late = pa.array([datetime(2024, 1, 1, 23, 30, tzinfo=UTC)], pa.timestamp("ms", tz="Asia/Tokyo"))
    assert execution_dates(late, "UTC").to_pylist() == [date(2024, 1, 1)]
    assert execution_dates(late, "Europe/Berlin").to_pylist() == [date(2024, 1, 2)]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_a_zone_that_does_not_exist_is_a_clear_error(name: str) -> None:
    with pytest.raises(UsageError, match="is no time zone: use an IANA name"):
        check_zone(name)
    with pytest.raises(UsageError):
        execution_dates(pa.array([], pa.timestamp("us", tz="UTC")), name)
