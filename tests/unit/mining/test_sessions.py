"""Sessions are cut as the slow reference cuts them, at the edges and at any day's midnight."""

from datetime import date, datetime, timedelta
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mining import reference
from tests.unit.mining.reference import Execution
from tests.unit.mining.strategies import ZONES, at, histories, run, to_table, uuid_of
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.columns import to_date
from usage_pipeline.mining.daily.sequences import sequence_occurrences
from usage_pipeline.mining.daily.sessions import (
    SESSIONS_SCHEMA,
    STEPS_SCHEMA,
    closing_days,
    cut_sessions,
    read_executions_of_day,
    sessionize,
    sessions_closing_on,
    users_to_read_back,
)
from usage_pipeline.mining.executions import ExecutionsOfUsers
from usage_pipeline.mining.settings import SessionSettings


def rows_of(found: list[reference.Session]) -> tuple[list[tuple], list[tuple]]:
    sessions = [
        (
            s.user_id, n, s.first_started_at, s.last_started_at, s.closes_at, len(s.steps),
            s.execution_count, s.is_split,
        )
        for n, s in enumerate(found)
    ]  # fmt: skip
    steps = [
        (s.user_id, n, k, t.workflow_id, t.started_at, t.last_status, t.repeat_count)
        for n, s in enumerate(found)
        for k, t in enumerate(s.steps, start=1)
    ]
    return sessions, steps


def tuples(table: pa.Table) -> list[tuple]:
    return [tuple(row.values()) for row in table.to_pylist()]


def _split_after(steps):
    class SplitSooner(SessionSettings):
        max_steps: ClassVar[int] = steps

    return SplitSooner


@settings(max_examples=60, deadline=None)
@given(executions=histories(), collapse=st.booleans(), max_steps=st.sampled_from([2, 3, 50]))
def test_sessions_are_those_of_the_reference(executions, collapse, max_steps):
    found = sessionize(to_table(executions), _split_after(max_steps)(collapse_repeats=collapse))
    expected = reference.sessions(executions, collapse=collapse, max_steps=max_steps)
    sessions, steps = rows_of(expected)
    assert tuples(found.sessions_table()) == sessions
    assert tuples(found.steps_table()) == steps


@settings(max_examples=40, deadline=None)
@given(executions=histories(), block=st.integers(1, 30))
def test_blocks_of_users_have_the_sessions_of_all_users_together(executions, block):
    table, whole = to_table(executions), sessionize(to_table(executions))
    blocks = ExecutionsOfUsers(table).map_blocks(cut_sessions, block)
    users = [user for some in blocks for user in dict.fromkeys(some.user.tolist())]
    assert users == sorted(set(whole.user.tolist()))
    for of_block, of_all in (
        ([some.sessions_table() for some in blocks], whole.sessions_table()),
        ([some.steps_table() for some in blocks], whole.steps_table()),
    ):
        # Numbers of sessions begin anew in each block.
        found = pa.concat_tables(of_block).drop_columns("session_number")
        assert found.equals(of_all.drop_columns("session_number"))


@pytest.mark.parametrize(
    ("gap", "sessions"),
    [
        (timedelta(seconds=300), 1),
        (timedelta(seconds=300, microseconds=1), 2),
        (timedelta(seconds=300.2), 2),
        (timedelta(seconds=301), 2),
        (timedelta(hours=24, seconds=10), 2),
    ],
)
def test_a_pause_longer_than_300_seconds_cuts(gap, sessions):
    """24 h 10 s would not: `.seconds` of a timedelta forgets the days."""
    assert len(sessionize(to_table(run("AB", at(9), step=gap)))) == sessions


def test_starts_at_the_same_instant_are_ordered_by_id():
    same = [
        Execution(f"00000000-0000-0000-0000-00000000000{n}", uuid_of("ana"), uuid_of(w), at(9))
        for n, w in ((3, "C"), (1, "A"), (2, "B"))
    ]
    steps = sessionize(to_table(same)).steps_table()["workflow_id"].to_pylist()
    assert steps == [uuid_of("A"), uuid_of("B"), uuid_of("C")]


def test_machines_and_later_attempts_are_no_steps():
    executions = run("ABCD", at(9))
    executions[1] = Execution(**{**vars(executions[1]), "trigger_type": "scheduled"})
    executions[2] = Execution(**{**vars(executions[2]), "attempt": 2})
    steps = sessionize(to_table(executions)).steps_table()["workflow_id"].to_pylist()
    assert steps == [uuid_of("A"), uuid_of("D")]


def test_direct_repeats_are_one_step_with_the_last_status():
    executions = run("AAB", at(9))
    executions[0] = Execution(**{**vars(executions[0]), "status": "failed"})
    steps = sessionize(to_table(executions)).steps_table()
    assert steps["repeat_count"].to_pylist() == [2, 1]
    assert steps["last_status"].to_pylist() == ["completed", "completed"]


def test_51_steps_are_split_into_50_and_1_and_flagged():
    found = sessionize(to_table(run("AB" * 25 + "A", at(9)))).sessions_table()
    assert found["step_count"].to_pylist() == [50, 1]
    assert found["is_split"].to_pylist() == [True, True]
    assert len(set(found["closes_at"].to_pylist())) == 1


def test_nothing_gives_empty_tables_of_the_right_shape():
    found = sessionize(to_table([]))
    assert found.sessions_table().schema == SESSIONS_SCHEMA
    assert found.steps_table().schema == STEPS_SCHEMA
    assert len(found) == 0


def test_ids_may_come_as_dictionaries_in_chunks():
    executions = run("ABA", at(9)) + run("BA", at(9), user="ben")
    table = to_table(executions)
    chunks = pa.concat_tables([table.slice(3), table.slice(0, 3)])
    for name in ("user_id", "workflow_id"):
        position = chunks.schema.get_field_index(name)
        chunks = chunks.set_column(position, name, chunks[name].dictionary_encode())
    assert sessionize(chunks).steps_table().equals(sessionize(table).steps_table())


def test_a_user_without_id_is_refused():
    table = to_table(run("AB", at(9)))
    table = table.set_column(1, "user_id", pa.array([None, "x"], pa.string()))
    with pytest.raises(UsageError, match="user_id"):
        sessionize(table)


def test_one_user_with_100_000_executions():
    count = 100_000
    gaps = np.where(np.arange(count) % 7 == 0, 400, 100).cumsum() * 1_000_000
    table = pa.table(
        {
            "id": pa.array([f"{n:036d}" for n in range(count)]),
            "user_id": pa.array(["u"] * count),
            "workflow_id": pa.array([f"w{n % 5}" for n in range(count)]),
            "start_time": pa.array(gaps).cast(pa.timestamp("us", tz="UTC")),
            "status": pa.array(["completed"] * count),
            "trigger_type": pa.array(["manual"] * count),
            "attempt": pa.array(np.ones(count, dtype=np.int32)),
        }
    )
    assert len(sessionize(table)) == -(-count // 7)


def reader(executions: list[Execution], read: list):
    """Reads like a warehouse would, and keeps what was asked for."""
    table = to_table(executions)

    def read_executions(start: datetime, end: datetime, users: pa.Array | None) -> pa.Table:
        read.append((start, end, None if users is None else len(users)))
        mask = pc.and_(
            pc.greater_equal(table["start_time"], start), pc.less(table["start_time"], end)
        )
        if users is not None:
            mask = pc.and_(mask, pc.is_in(table["user_id"], value_set=users))
        return table.filter(mask)

    return read_executions


@settings(max_examples=60, deadline=None)
@given(executions=histories(), zone=st.sampled_from(ZONES), data=st.data())
def test_a_day_or_several_on_their_own_give_what_the_whole_history_gives(executions, zone, data):
    whole = sessionize(to_table(executions))
    days = sorted(set(closing_days(whole, zone).tolist()))
    if not days:
        return
    day = to_date(data.draw(st.sampled_from(days)))
    last = day + timedelta(days=data.draw(st.integers(0, 3)))
    read = read_executions_of_day(day, zone, reader(executions, []), read_back_days=40, last=last)
    alone = sessions_closing_on(sessionize(read), day, zone, last=last)
    wanted = [s for s in reference.sessions(executions) if day <= s.closing_day(zone) <= last]
    sessions, steps = rows_of(wanted)
    assert tuples(alone.sessions_table()) == sessions
    assert tuples(alone.steps_table()) == steps


def test_only_users_open_at_midnight_are_read_back():
    executions = (
        run("AB", at(23, 57), user="ana", step=timedelta(minutes=4))
        + run("AB", at(23, 40), user="ben")
        + run("AB", at(10, day=date(2026, 6, 16)), user="cem")
    )
    read: list = []
    table = read_executions_of_day(date(2026, 6, 16), "UTC", reader(executions, read))
    assert [users for _, _, users in read] == [None, 1]
    assert len(sessions_closing_on(sessionize(table), date(2026, 6, 16), "UTC")) == 2


def test_a_session_without_end_is_cut_after_so_many_days():
    executions = run("AB" * 2_000, at(0, 0), step=timedelta(minutes=4))
    last = executions[-1].start_time.date()
    read: list = []
    read_executions_of_day(last, "UTC", reader(executions, read), read_back_days=3)
    assert len(read) == 4


def test_a_session_that_goes_on_at_the_end_of_the_day_is_not_read_back_for():
    executions = run("AB" * 800, at(0, 0), step=timedelta(minutes=4))
    day = date(2026, 6, 16)
    start = at(23, 55)
    users = users_to_read_back(to_table(executions[350:]), start, day, "UTC")
    assert len(users) == 0


def test_daily_sequences_say_how_many_sessions_are_pieces_of_one_that_was_split():
    long = run("AB" * 26, at(9))  # 52 steps: a piece of 50 and one of 2
    executions = [*long, *run("AB", at(15))]
    sessions, expected = sessionize(to_table(executions)), reference.sessions(executions)
    rows = sequence_occurrences(sessions, "UTC").to_pylist()
    found = {
        (r["user_id"], r["execution_date"], tuple(r["workflow_ids"])): r["split_count"]
        for r in rows
    }
    assert found == reference.split_counts(expected, "UTC")
    assert {(len(r["workflow_ids"]), r["occurrence_count"], r["split_count"]) for r in rows} == {
        (50, 1, 1), (2, 2, 1),
    }  # fmt: skip
