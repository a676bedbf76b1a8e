"""What becomes of a reported item: its row, and when it says that it started."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usage_pipeline.api.tracking.rows import (
    Start,
    TrackedItem,
    Window,
    parse_items,
    row_of,
    start_of,
)
from usage_pipeline.identity import source_namespace

NOW = datetime(2026, 6, 28, 12, tzinfo=UTC)
WINDOW = Window(date(2026, 5, 1), NOW)
GOOD = {"user_id": "ana", "workflow_id": "report", "status": "completed"}


def row(**said: Any) -> dict[str, Any]:
    (item,) = parse_items([{**GOOD, **said}])
    assert isinstance(item, TrackedItem), item
    start = start_of(item, WINDOW)
    assert isinstance(start, Start), start
    found: dict[str, Any] = json.loads(row_of(item, "run", start, source_namespace("tracked")))
    return found


HALVES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF)


@given(st.text(st.characters() | HALVES | st.just("\0")))
def test_any_text_becomes_what_postgres_can_hold(text: str) -> None:
    found = row(error_message=text)["error_message"]
    assert found == text.encode("utf-8", "replace").decode().replace("\0", "").strip()[:10_000]
    assert "\0" not in found


@given(st.text(HALVES | st.just("a"), min_size=1).filter(lambda text: text.strip("a")))
def test_an_id_that_is_no_text_is_refused_and_not_another_one(text: str) -> None:
    (found,) = parse_items([{**GOOD, "user_id": text}])
    assert isinstance(found, str)
    assert "not Unicode text" in found


def test_the_same_content_has_the_same_hash_whenever_and_however_it_is_sent() -> None:
    said = {"start_time": "2026-06-28T09:00:00Z", "duration": 5, "cost": "0.50"}
    first = row(**said)
    again = row(start_time="2026-06-28T11:00:00+02:00", duration_ms=5, cost=0.5)
    assert first["content_hash"] == row(**said)["content_hash"]
    assert again["start_time"] == first["start_time"]
    assert row(**said | {"duration": 6})["content_hash"] != first["content_hash"]
    without = Window(WINDOW.earliest, NOW + timedelta(hours=1))
    assert start_of(TrackedItem.model_validate(GOOD), without) == Start(None, is_given=False)


@pytest.mark.parametrize(
    ("said", "start", "is_given"),
    [
        ({}, None, False),
        ({"duration": 60_000}, None, False),
        ({"start_time": "2026-06-28T09:00:00Z"}, "2026-06-28T09:00:00Z", True),
        ({"end_time": "2026-06-28T09:00:00Z"}, "2026-06-28T09:00:00Z", False),
        (
            {"end_time": "2026-06-28T09:00:00Z", "duration": 60_000},
            "2026-06-28T08:59:00Z",
            True,
        ),
        (
            {"start_time": "2026-06-28T09:00:00Z", "duration": 60_000},
            "2026-06-28T09:00:00Z",
            True,
        ),
    ],
)
def test_when_it_started_follows_from_what_it_says(
    said: dict[str, Any], start: str | None, is_given: bool
) -> None:
    found = row(**said)
    assert (found["start_time"], found["is_start_given"]) == (start, is_given)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"start_time": "2026-06-28T09:00:00Z", "duration": 86_400_000}, "in the future"),
        ({"end_time": "2026-06-28T12:05:01Z"}, "in the future"),
        ({"start_time": "2026-04-30T23:59:59Z"}, "it starts before 2026-05-01"),
        ({"duration": 60 * 86_400_000}, "it starts before 2026-05-01"),
        ({"end_time": "0001-01-01T00:00:00Z", "duration": 5}, "out of range"),
    ],
)
def test_times_that_make_no_sense_are_refused_with_the_reason(
    said: dict[str, Any], reason: str
) -> None:
    found = start_of(TrackedItem.model_validate({**GOOD, **said}), WINDOW)
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("2026-06-28T09:00:00Z", "2026-06-28T09:00:01Z"),
        ("2026-06-28T08:59:59Z", None),
        ("2026-06-28T09:00:02Z", "2026-06-28T09:00:02Z"),
    ],
)
def test_an_end_before_the_start_is_a_skewed_clock_or_no_end(
    end: str, expected: str | None
) -> None:
    said = row(start_time="2026-06-28T09:00:01Z", end_time=end)
    assert said["end_time"] == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals().map(str),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(TrackedItem.model_fields)), JSON)
@example("cost", "1e5000")
@example("cost", -1e300)
@example("cost", 10**29)
def test_whatever_a_field_holds_is_a_row_or_a_reason(name: str, value: Any) -> None:
    (item,) = parse_items([{**GOOD, name: value}])
    if isinstance(item, TrackedItem):
        start = start_of(item, WINDOW)
        if isinstance(start, Start):
            made = json.loads(row_of(item, "run", start, source_namespace("tracked")))
            assert made["cost"] is None or 0 <= Decimal(made["cost"]) < 10**12
    else:
        assert item


def test_fractions_of_milliseconds_and_ids_that_are_whole_numbers_are_taken() -> None:
    said = row(duration_ms=1250.75, workflow_id=7001.0)
    assert (said["duration_ms"], said["source_workflow_id"]) == (1250, "7001")
