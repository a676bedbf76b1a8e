"""Follow-ups: counts and chance equal the slow reference, and chance is what dealing anew gives."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mining import reference
from tests.unit.mining.reference import Execution
from tests.unit.mining.strategies import at, histories, run, to_table, uuid_of
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.daily.statistics import statistics_of_days
from usage_pipeline.mining.sequences.follow_ups import FOLLOW_UPS_SCHEMA, find_follow_ups

AS_OF = date(2026, 11, 20)


def follow_ups(executions, as_of=AS_OF, window_days=400, min_hits=1):
    daily = statistics_of_days(to_table(executions), "UTC")
    return find_follow_ups(
        daily.transitions, daily.step_counts, as_of, window_days=window_days, min_hits=min_hits
    )


@settings(max_examples=60, deadline=None)
@given(executions=histories())
def test_pairs_are_tested_as_the_reference_does(executions):
    found = follow_ups(executions).to_table()
    sessions = reference.sessions(executions)
    counts: Counter = Counter()
    for (user, _, a, b), (count, _, _) in reference.transitions(sessions, "UTC").items():
        counts[user, a, b] += count
    steps: Counter = Counter()
    for (user, _, workflow), (_, count, *_) in reference.step_counts(sessions, "UTC").items():
        steps[user, workflow] += count
    assert {tuple(r.values())[:3]: r["hits"] for r in found.to_pylist()} == counts
    for row in found.to_pylist():
        user, a, b = tuple(row.values())[:3]
        opportunities = steps[user, a]
        expected = reference.expected_follow_ups(sessions, "UTC", user, a, b)
        assert row["opportunities"] == opportunities
        assert row["expected_hits"] == pytest.approx(expected)
        chance = min(1, expected / opportunities)
        tail = reference.binomial_tail(row["hits"], opportunities, chance)
        assert row["p_value"] == pytest.approx(tail, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(executions=histories(), min_hits=st.integers(1, 3))
def test_all_pairs_that_could_be_found_are_counted_as_tested(executions, min_hits):
    steps: Counter = Counter()
    runs: Counter = Counter()
    sessions = reference.sessions(executions)
    for (user, _, workflow), (count, step, *_) in reference.step_counts(sessions, "UTC").items():
        runs[user, workflow] += count
        steps[user, workflow] += step
    expected = sum(
        1
        for (user, a), step in steps.items()
        for (other, b), count in runs.items()
        if user == other and a != b and step >= min_hits and count >= min_hits
    )
    found = follow_ups(executions, min_hits=min_hits)
    assert found.tested == expected
    assert len(found) <= expected


def test_chance_is_the_mean_of_dealing_a_days_workflows_anew():
    moments = [at(9, minute) for minute in (0, 1, 2, 3, 30, 31, 32)] + [at(15)]
    workflows = list("AABBCABC")
    random, hits, steps = Random(1), 0, 0  # noqa: S311
    for _ in range(4_000):
        random.shuffle(workflows)
        dealt = [
            Execution(f"{n:036d}", uuid_of("ana"), uuid_of(letter), moment)
            for n, (letter, moment) in enumerate(zip(workflows, moments, strict=True))
        ]
        for session in reference.sessions(dealt):
            ids = session.workflow_ids
            steps += ids.count(uuid_of("A"))
            pairs = pairwise(ids)
            hits += sum(pair == (uuid_of("A"), uuid_of("B")) for pair in pairs)
    one_order = [
        Execution(f"{n:036d}", uuid_of("ana"), uuid_of(letter), moment)
        for n, (letter, moment) in enumerate(zip("ABABCABC", moments, strict=True))
    ]
    found = follow_ups(one_order).to_table().to_pylist()
    wanted = uuid_of("A"), uuid_of("B")
    row = next(r for r in found if (r["from_workflow_id"], r["to_workflow_id"]) == wanted)
    assert row["expected_hits"] / row["opportunities"] == pytest.approx(hits / steps, rel=0.03)


def test_failures_are_compared_with_successes():
    executions = []
    for number in range(20):
        day = date(2026, 6, 1) + timedelta(days=number)
        failed = number < 10
        executions += run(
            "AB" if failed else "A", at(9, day=day), status="failed" if failed else "completed"
        )
    found = follow_ups(executions, min_hits=5)
    assert found.failed_hits.tolist() == [10]
    assert found.conditional_p_value[0] == pytest.approx(reference.fisher_tail(10, 10, 10, 20))
    assert found.conditional_tested == 1


def test_days_outside_of_the_window_do_not_count():
    executions = run("AB", at(9)) + run("AB", at(9) - timedelta(days=10))
    found = follow_ups(executions, as_of=at(9).date(), window_days=10)
    assert found.hits.tolist() == [1]
    assert found.opportunities.tolist() == [1]


def test_nothing_gives_an_empty_table():
    assert follow_ups([]).to_table().equals(FOLLOW_UPS_SCHEMA.empty_table())


def test_step_counts_of_other_days_are_refused():
    daily = statistics_of_days(to_table(run("AB", at(9))), "UTC")
    with pytest.raises(UsageError, match="same days"):
        find_follow_ups(daily.transitions, daily.step_counts.slice(0, 0), AS_OF, window_days=400)
