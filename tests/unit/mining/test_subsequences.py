"""Parts of sequences: support, confidence, lift and closedness equal the slow reference."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mining import reference, whole
from tests.unit.mining.strategies import at, histories, run, to_table, uuid_of
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.columns import to_date
from usage_pipeline.mining.daily.sessions import closing_days, sessionize
from usage_pipeline.mining.daily.statistics import statistics_of_days
from usage_pipeline.mining.sequences.follow_ups import FOLLOW_UPS_SCHEMA
from usage_pipeline.mining.sequences.parts import SUBSEQUENCES_SCHEMA
from usage_pipeline.mining.sequences.popular import POPULAR_SEQUENCES_SCHEMA

NO_TESTS = FOLLOW_UPS_SCHEMA.empty_table()
AS_OF = date(2026, 6, 20)


def follow_ups(q_values):
    """Transitions with their q-values; what else is tested of them does not matter here."""
    rows = [
        {"user_id": user, "from_workflow_id": before, "to_workflow_id": after, "hits": 1,
         "opportunities": 1, "expected_hits": 0.0, "p_value": q}
        for (user, before, after), q in q_values.items()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=FOLLOW_UPS_SCHEMA)


def found_parts(table):
    return {
        (row.get("user_id", "everyone"), tuple(row["workflow_ids"])): (
            row["support"],
            row["day_count"],
            row["last_executed"],
            pytest.approx(row["confidence"]),
            pytest.approx(row["lift"]),
        )
        for row in table.to_pylist()
    }


@settings(max_examples=60, deadline=None)
@given(
    executions=histories(),
    window_days=st.integers(1, 40),
    longest=st.integers(2, 5),
    min_days=st.integers(1, 2),
    data=st.data(),
)
def test_parts_are_those_of_the_reference(executions, window_days, longest, min_days, data):
    daily = statistics_of_days(to_table(executions), "UTC")
    days = closing_days(sessionize(to_table(executions)), "UTC").tolist()
    as_of = to_date(data.draw(st.sampled_from(days))) if days else AS_OF
    found = whole.subsequences(
        daily,
        NO_TESTS,
        as_of,
        window_days=window_days,
        longest=longest,
        min_days=min_days,
    )
    expected = {
        key: (part.support, len(part.days), part.last, part.confidence, part.lift)
        for key, part in reference.subsequences(
            reference.sessions(executions), "UTC", as_of, window_days, longest, everyone=False
        ).items()
        if len(part.days) >= min_days
    }
    assert found_parts(found) == expected


@settings(max_examples=60, deadline=None)
@given(
    executions=histories(),
    min_days=st.integers(1, 2),
    min_users=st.integers(1, 3),
    data=st.data(),
)
def test_popular_parts_are_those_of_the_reference(executions, min_days, min_users, data):
    daily = statistics_of_days(to_table(executions), "UTC")
    sessions = reference.sessions(executions)
    as_of = date(2026, 11, 20)
    pairs = sorted({(s.user_id, *pair) for s in sessions for pair in pairwise(s.workflow_ids)})
    sure = {pair for pair in pairs if data.draw(st.booleans())}
    found = whole.popular(
        daily,
        follow_ups({pair: 0.05 if pair in sure else 0.051 for pair in pairs}),
        as_of,
        window_days=400,
        longest=4,
        min_days=min_days,
        min_users=min_users,
    )
    days_of_users: dict[tuple, set] = {}
    for session in sessions:
        for part in reference.parts(session.workflow_ids, 4):
            key = part, session.user_id
            days_of_users.setdefault(key, set()).add(session.closing_day("UTC"))
    sharing = {
        part: sum(len(days) >= min_days for (p, _), days in days_of_users.items() if p == part)
        for part, _ in days_of_users
    }
    sure_users = {
        part: sum(
            len(days) >= min_days and all((user, *pair) in sure for pair in pairwise(part))
            for (p, user), days in days_of_users.items()
            if p == part
        )
        for part, _ in days_of_users
    }
    closed = reference.subsequences(sessions, "UTC", as_of, 400, 4, everyone=True)
    assert found_parts(found) == {
        key: (part.support, len(part.days), part.last, part.confidence, part.lift)
        for key, part in closed.items()
        if sure_users[key[1]] >= min_users
    }
    for row in found.to_pylist():
        assert row["user_count"] == sharing[tuple(row["workflow_ids"])]


def test_a_part_of_a_longer_one_of_equal_support_is_not_said():
    executions = [e for day in (15, 16, 17) for e in run("ABC", at(9, day=date(2026, 6, day)))]
    executions += run("AB", at(12)) + run("D", at(15))
    daily = statistics_of_days(to_table(executions), "UTC")
    found = whole.subsequences(daily, NO_TESTS, AS_OF).to_pylist()
    rows = {"".join(name_of(w) for w in row["workflow_ids"]): row for row in found}
    assert set(rows) == {"AB", "ABC"}
    assert (rows["ABC"]["support"], rows["ABC"]["confidence"]) == (3, 3 / 4)
    assert rows["ABC"]["lift"] == pytest.approx((3 / 4) / (3 / 5))
    assert rows["AB"]["day_count"] == 3
    assert rows["AB"]["q_value"] == 1


def test_a_part_counts_once_a_session():
    executions = [e for day in (15, 16) for e in run("ABAB", at(9, day=date(2026, 6, day)))]
    daily = statistics_of_days(to_table(executions), "UTC")
    found = whole.subsequences(daily, NO_TESTS, AS_OF).to_pylist()
    assert [(len(row["workflow_ids"]), row["support"]) for row in found] == [(4, 2)]


def test_one_day_is_not_again_and_again():
    executions = [e for hour in range(8, 18) for e in run("AB", at(hour))]
    daily = statistics_of_days(to_table(executions), "UTC")
    assert whole.subsequences(daily, NO_TESTS, AS_OF).num_rows == 0


def test_popular_parts_come_by_the_number_of_users():
    days = [date(2026, 6, day) for day in (15, 16)]
    executions = [e for user in "uvw" for day in days for e in run("AB", at(9, day=day), user=user)]
    executions += [
        e
        for user in "uv"
        for day in days
        for hour in (12, 14)
        for e in run("CD", at(hour, day=day), user=user)
    ]
    daily = statistics_of_days(to_table(executions), "UTC")
    pairs = [(user, "AB", 0.001) for user in "uvw"] + [("u", "CD", 0.001), ("v", "CD", 0.2)]
    tested = follow_ups({(uuid_of(u), *map(uuid_of, pair)): q for u, pair, q in pairs})
    found = whole.popular(daily, tested, AS_OF, min_users=2)
    assert found["user_count"].to_pylist() == [3]  # CD is a habit of one user only
    pairs[-1] = ("v", "CD", 0.01)
    tested = follow_ups({(uuid_of(u), *map(uuid_of, pair)): q for u, pair, q in pairs})
    found = whole.popular(daily, tested, AS_OF, min_users=2)
    assert found["user_count"].to_pylist() == [3, 2]
    assert found["support"].to_pylist() == [6, 8]


def test_nothing_gives_empty_tables_of_the_right_shape():
    daily = statistics_of_days(to_table([]), "UTC")
    found = whole.subsequences(daily, NO_TESTS, AS_OF)
    popular = whole.popular(daily, NO_TESTS, AS_OF)
    assert (found.schema, popular.schema) == (SUBSEQUENCES_SCHEMA, POPULAR_SEQUENCES_SCHEMA)
    only_single = statistics_of_days(
        to_table(run("A", at(9)) + run("B", at(9) + timedelta(1))), "UTC"
    )
    assert whole.subsequences(only_single, NO_TESTS, AS_OF).num_rows == 0


def test_step_counts_of_other_days_are_refused():
    daily = statistics_of_days(to_table(run("AB", at(9))), "UTC")
    with pytest.raises(UsageError, match="same days"):
        whole.subsequences(
            replace(daily, step_counts=daily.step_counts.slice(0, 0)), NO_TESTS, AS_OF
        )


def name_of(workflow_id: str) -> str:
    return next(letter for letter in "ABCD" if uuid_of(letter) == workflow_id)
