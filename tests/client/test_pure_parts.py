"""The parts without threads or network: pauses, outcomes, the queue."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.client.delivery import LONGEST_SECONDS, backoff_seconds
from usage_pipeline.client.errors import LONGEST_ASKED_SECONDS, retry_after_seconds
from usage_pipeline.client.reports import (
    ERROR_CHARACTERS,
    Report,
    Waiting,
    encoded,
    error_text,
    status_of,
)

NOW = datetime(2026, 6, 29, 12, 0, tzinfo=UTC)


@given(st.integers(min_value=-5, max_value=10**9))
def test_a_pause_is_positive_and_bounded(attempt: int) -> None:
    assert 0.25 <= backoff_seconds(attempt) <= LONGEST_SECONDS


def test_pauses_grow_and_differ() -> None:
    assert max(backoff_seconds(1) for _ in range(50)) < min(backoff_seconds(4) for _ in range(50))
    assert len({backoff_seconds(3) for _ in range(50)}) > 1


@given(st.text())
def test_no_header_is_an_error_or_asks_for_more_than_the_bound(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_ASKED_SECONDS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("9" * 5000, LONGEST_ASKED_SECONDS),
        ("-3", None),
        ("soon", None),
        ("²", None),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "completed"),
        (ValueError(), "failed"),
        (SystemExit(), "completed"),
        (SystemExit(0), "completed"),
        (SystemExit(2), "failed"),
        (SystemExit("no"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (BaseExceptionGroup("", [asyncio.CancelledError()]), "cancelled"),
        (BaseExceptionGroup("", [asyncio.CancelledError(), ValueError()]), "failed"),
        (ExceptionGroup("", [ValueError()]), "failed"),
    ],
)
def test_the_way_a_call_ends_gives_the_status(error: BaseException | None, status: str) -> None:
    assert status_of(error) == status


@given(st.text(min_size=0, max_size=3 * ERROR_CHARACTERS))
def test_an_error_is_never_longer_than_its_bound_and_always_names_the_type(message: str) -> None:
    text = error_text(ValueError(message), with_message=True)
    assert len(text) <= ERROR_CHARACTERS
    assert text.startswith("ValueError")
    encoded(Report("u", "w", "failed", error_message=text)).decode()


@given(
    capacity=st.integers(1, 6),
    steps=st.lists(
        st.one_of(
            st.tuples(st.sampled_from("abcdefghijklmnop"), st.sampled_from(["started", "failed"])),
            st.integers(0, 4),
        ),
        max_size=60,
    ),
)
def test_the_queue_is_bounded_and_what_it_takes_comes_out_once_with_its_newest_state(
    capacity: int, steps: list[tuple[str, str] | int]
) -> None:
    waiting = Waiting(capacity)
    taken: set[str] = set()
    expected: dict[str, str] = {}
    for step in steps:
        if isinstance(step, int):
            for report in waiting.take(step):
                assert report.execution_id is not None
                assert expected.pop(report.execution_id) == report.status
            continue
        name, status = step
        room = len(waiting) < capacity * (2 if name in taken else 1)
        answer = waiting.add(
            Report("u", "w", status, execution_id=name),  # type: ignore[arg-type]
            taken_before=name in taken,
        )
        assert answer is (None if name in expected else room)
        if answer is not False:
            taken.add(name)
            if expected.get(name) != "failed":
                expected[name] = status
        assert len(waiting) <= 2 * capacity
    assert {report.execution_id: report.status for report in waiting.take(100)} == expected


def test_a_later_state_keeps_what_only_the_earlier_one_said() -> None:
    waiting = Waiting(10)
    waiting.add(Report("u", "w", "started", "1", start_time=NOW), taken_before=False)
    waiting.add(Report("u", "w", "completed", "1", end_time=NOW), taken_before=True)
    waiting.add(Report("u", "w", "started", "1", workflow_name="W"), taken_before=True)
    (report,) = waiting.take(10)
    assert (report.status, report.start_time, report.workflow_name) == ("completed", NOW, "W")


def test_attempts_and_reports_without_an_id_are_executions_of_their_own() -> None:
    waiting = Waiting(10)
    for attempt in (1, 2):
        waiting.add(Report("u", "w", "failed", "1", attempt=attempt), taken_before=False)
    for _ in range(2):
        waiting.add(Report("u", "w", "failed"), taken_before=False)
    assert len(waiting) == 4


def test_a_time_without_a_zone_is_local_and_sent_in_utc() -> None:
    local = datetime(2026, 6, 29, 12, 0)  # noqa: DTZ001
    text = encoded(Report("u", "w", "started", start_time=local)).decode()
    assert local.astimezone(UTC).isoformat() in text
