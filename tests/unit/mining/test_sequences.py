"""Daily statistics and windows of sequences equal the slow reference."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mining import reference
from tests.unit.mining.strategies import ZONES, at, histories, run, to_table, uuid_of
from usage_pipeline.mining.columns import to_date
from usage_pipeline.mining.daily.sequences import (
    SEQUENCE_OCCURRENCES_SCHEMA,
    count_sequences,
    intern_sequences,
    sequence_occurrences,
)
from usage_pipeline.mining.daily.sessions import closing_days, sessionize
from usage_pipeline.mining.daily.statistics import (
    DailyStatistics,
    day_statistics,
    execution_hours,
    statistics_of_days,
    step_counts,
    transitions,
)
from usage_pipeline.mining.executions import ExecutionsOfUsers
from usage_pipeline.mining.sequences.frequent import WORKFLOW_SEQUENCES_SCHEMA, workflow_sequences

AS_OF = at(12).date()


@settings(max_examples=60, deadline=None)
@given(executions=histories(), zone=st.sampled_from(ZONES))
def test_daily_statistics_are_those_of_the_reference(executions, zone):
    sessions, expected = sessionize(to_table(executions)), reference.sessions(executions)
    assert {
        (r["user_id"], r["execution_date"], tuple(r["workflow_ids"])): (
            r["occurrence_count"], r["last_executed"],
        )
        for r in sequence_occurrences(sessions, zone).to_pylist()
    } == reference.sequence_occurrences(expected, zone)  # fmt: skip
    assert {
        tuple(r.values())[:4]: tuple(r.values())[4:]
        for r in transitions(sessions, zone).to_pylist()
    } == reference.transitions(expected, zone)
    assert {
        tuple(r.values())[:3]: tuple(r.values())[3:]
        for r in step_counts(sessions, zone).to_pylist()
    } == reference.step_counts(expected, zone)


@settings(max_examples=60, deadline=None)
@given(executions=histories(), zone=st.sampled_from(ZONES))
def test_hours_are_those_of_the_reference(executions, zone):
    found = execution_hours(ExecutionsOfUsers(to_table(executions)).all(), zone)
    expected = reference.hours(executions, zone)
    assert {tuple(r.values())[:4]: r["execution_count"] for r in found.to_pylist()} == expected


@settings(max_examples=60, deadline=None)
@given(
    executions=histories(),
    zone=st.sampled_from(ZONES),
    window_days=st.integers(1, 40),
    top=st.sampled_from([None, 1, 2, 5]),
    data=st.data(),
)
def test_windows_are_those_of_the_reference(executions, zone, window_days, top, data):
    sessions = sessionize(to_table(executions))
    days = sorted({AS_OF, *(to_date(day) for day in closing_days(sessions, zone).tolist())})
    as_of = data.draw(st.sampled_from(days))
    counts = count_sequences(sessions, zone)
    found = workflow_sequences(counts, as_of, window_days=window_days, top=top)
    expected = reference.workflow_sequences(
        reference.sequence_occurrences(reference.sessions(executions), zone),
        as_of, window_days, top,
    )  # fmt: skip
    assert [
        (
            r["user_id"],
            tuple(r["workflow_ids"]),
            r["frequency"],
            r["last_executed"],
            r["popularity_rank"],
        )
        for r in found.to_pylist()
    ] == expected
    for row in found.to_pylist():
        assert row["sequence_id"] == reference.sequence_id(
            row["user_id"], tuple(row["workflow_ids"])
        )
        assert row["execution_order"] == list(range(1, len(row["workflow_ids"]) + 1))
    from_stored = workflow_sequences(counts.to_table(), as_of, window_days=window_days, top=top)
    assert from_stored.equals(found)


@settings(max_examples=60, deadline=None)
@given(executions=histories(), zone=st.sampled_from(ZONES))
def test_days_add_up_to_the_whole_history_in_any_order(executions, zone):
    table = to_table(executions)
    whole = statistics_of_days(table, zone)
    sessions = sessionize(table)
    dates = {to_date(day) for day in closing_days(sessions, zone).tolist()}
    dates |= set(whole.hours["execution_date"].to_pylist())
    if not dates:
        return
    alone = DailyStatistics.concat(day_statistics(table, day, zone) for day in sorted(dates)[::-1])
    for name in DailyStatistics.__dataclass_fields__:
        keys = [
            (column, "ascending")
            for column in getattr(whole, name).schema.names
            if column != "workflow_ids"
        ]
        assert getattr(alone, name).sort_by(keys).equals(getattr(whole, name).sort_by(keys)), name


def test_a_sequence_is_counted_once_however_often_it_is_computed():
    table = to_table(run("AB", at(9)))
    once, again = (sequence_occurrences(sessionize(table), "UTC") for _ in range(2))
    assert once.equals(again)
    assert once["occurrence_count"].to_pylist() == [1]


def test_of_equal_frequencies_the_latest_comes_first():
    executions = run("AB", at(9)) + run("BC", at(11)) + run("CA", at(10)) + run("AB", at(13))
    found = workflow_sequences(count_sequences(sessionize(to_table(executions)), "UTC"), AS_OF)
    assert [row for row in found["workflow_ids"].to_pylist()] == [
        [uuid_of(letter) for letter in pair] for pair in ("AB", "BC", "CA")
    ]


@pytest.mark.parametrize(("gap", "days"), [(timedelta(minutes=4), 1), (timedelta(minutes=6), 0)])
def test_a_session_over_midnight_belongs_to_the_day_in_which_it_closes(gap, days):
    executions = run("AB", at(23, 58), step=gap)
    found = sequence_occurrences(sessionize(to_table(executions)), "UTC")
    assert found["execution_date"].to_pylist() == [AS_OF + timedelta(days=1)] * days


def test_nothing_gives_empty_tables_of_the_right_shape():
    empty = sessionize(to_table([]))
    occurrences = sequence_occurrences(empty, "UTC")
    assert occurrences.schema == SEQUENCE_OCCURRENCES_SCHEMA
    assert workflow_sequences(occurrences, AS_OF).schema == WORKFLOW_SEQUENCES_SCHEMA
    assert transitions(empty, "UTC").num_rows == 0
    assert step_counts(empty, "UTC").num_rows == 0
    assert execution_hours(ExecutionsOfUsers(to_table([])).all(), "Europe/Berlin").num_rows == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), max_size=30))
def test_numbers_of_sequences_are_ordered_by_length_and_workflows(lists):
    steps = np.array([step for one in lists for step in one], dtype=np.int64)
    length = np.array([len(one) for one in lists], dtype=np.int64)
    found = intern_sequences(steps, np.cumsum(length) - length, length)
    ordered = sorted({tuple(one) for one in lists}, key=lambda one: (len(one), one))
    assert found.tolist() == [ordered.index(tuple(one)) for one in lists]


def test_stored_ids_may_be_large_strings():
    table = sequence_occurrences(sessionize(to_table(run("ABC", at(9)))), "UTC")
    large = table.cast(
        pa.schema(
            [
                field.with_type(pa.large_string()) if field.type == pa.string() else field
                for field in table.schema
            ]
        )
    )
    assert workflow_sequences(large, AS_OF).equals(workflow_sequences(table, AS_OF))
