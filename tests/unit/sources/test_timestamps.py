"""Times against Python's own parser, one value at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.sources.conform.fields import sound_text
from usage_pipeline.sources.conform.parsed import Parsed
from usage_pipeline.sources.conform.timestamps import Clock, instants

BERLIN = "Europe/Berlin"
OFFSETS = ["", "Z", "z", "+00:00", "+02:00", "-0530", "+05", "-11:45"]
TIMES = st.builds(
    lambda time, form, offset: f"{time:{form}}{offset}",
    st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 1)),  # noqa: DTZ001
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M"]),
    st.sampled_from(OFFSETS),
)


def parse(values: list[str | None], clock: Clock) -> Parsed:
    column = pa.array(values, pa.string())
    return instants("start_time", column, sound_text("start_time", column, 1000), clock)


@given(st.lists(st.none() | TIMES))
def test_any_mix_of_offsets_is_read_as_python_reads_it(values: list[str | None]) -> None:
    parsed = parse(values, Clock(BERLIN))
    assert parsed.problem is None
    for text, value in zip(values, parsed.values.to_pylist(), strict=True):
        if text is None:
            assert value is None
            continue
        expected = datetime.fromisoformat(text.upper())
        if expected.tzinfo is not None:
            assert value == expected.astimezone(UTC)
        else:
            local = expected.replace(tzinfo=ZoneInfo(BERLIN))
            assert value == local.astimezone(UTC)


@given(st.lists(TIMES, min_size=1), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_is_no_time_never_spoils_the_times_beside_it(times: list[str], noise: str) -> None:
    alone = parse(list(times), Clock(BERLIN)).values.to_pylist()
    beside = parse([*times, f"x{noise}"], Clock(BERLIN))
    assert beside.values.to_pylist() == [*alone, None]
    assert beside.problem is not None
    assert beside.problem.null_count == len(times)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01T10:00:00.1234567899Z", "2024-03-01T10:00:00.123456+00:00"),
        ("2024-03-01", "2024-02-29T23:00:00+00:00"),
        ("2024-10-27T02:30:00", "2024-10-27T00:30:00+00:00"),  # twice: the first
        ("2024-03-31T02:30:00", "2024-03-31T01:30:00+00:00"),  # never: as without the change
        ("2024-03-01T10Z", "2024-03-01T10:00:00+00:00"),
        ("2024-02-29T00:00:00 UTC", "2024-02-29T00:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("beside", [[], ["2024-01-01T00:00:00+01:00"], ["2024-01-01 00:00:00"]])
def test_special_times(text: str, expected: str, beside: list[str]) -> None:
    value = parse([text, *beside], Clock(BERLIN)).values[0].as_py()
    assert value.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-10T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T24:00:01Z",
        "2024-01-01T10:60:00Z",
        "2024-01-01T10:00:00+25:00",
        "2024-01-01T",
        "01/02/2024",
        "1709287200",
        "0000-00-00 00:00:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59",
        "٢٠٢٤-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("beside", [[], ["2024-01-01T00:00:00+01:00", "2024-01-01"]])
def test_no_times_have_a_problem_and_no_value(text: str, beside: list[str]) -> None:
    parsed = parse([text, *beside], Clock())
    assert parsed.values[0].as_py() is None
    assert parsed.problem is not None
    assert parsed.problem[0].is_valid
    assert parsed.problem.null_count == len(beside)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("epoch_s", "1709287200", "2024-03-01T10:00:00+00:00"),
        ("epoch_s", "1709287200.25", "2024-03-01T10:00:00.250000+00:00"),
        ("epoch_ms", "1709287200250", "2024-03-01T10:00:00.250000+00:00"),
        ("%d.%m.%Y %H:%M", "01.03.2024 11:00", "2024-03-01T10:00:00+00:00"),
        ("%Y%m%dT%H%M%S%z", "20240301T100000+0000", "2024-03-01T10:00:00+00:00"),
    ],
)
def test_a_declared_form_is_the_only_one_understood(form: str, text: str, expected: str) -> None:
    parsed = parse([text, None, "tomorrow", "-1"], Clock(BERLIN, form))
    values = parsed.values.to_pylist()
    assert values[0].isoformat() == expected
    assert values[1:] == [None, None, None]
    assert parsed.problem is not None
    assert parsed.problem.null_count == 2


def test_times_after_the_latest_that_makes_sense_are_refused() -> None:
    latest = datetime(2024, 3, 2, tzinfo=UTC)
    parsed = parse(["2024-03-02T00:00:00Z", "2024-03-02T00:00:01Z"], Clock(latest=latest))
    assert parsed.values[0].as_py() == latest
    assert parsed.problem is not None
    assert parsed.problem.to_pylist() == [
        None,
        'start_time "2024-03-02T00:00:01Z" is in the future: it is after 2024-03-02 00:00:00 UTC',
    ]
