"""The ground truth is what a recount by the definitions finds in the executions."""

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.synthetic.configs import SMALL
from tests.unit.synthetic.recount import Session, contains, people_hours, sessions
from usage_pipeline.synthetic import GeneratorConfig, Truth, generate_table, ground_truth


@cache
def history(config: GeneratorConfig) -> tuple[pa.Table, Truth, list[Session]]:
    table = generate_table(config)
    return table, ground_truth(config), sessions(table, config.zone)


def assert_sequences_are_as_told(truth: Truth, found: list[Session]) -> None:
    whole = Counter((s.user_id, s.steps, s.closing_day) for s in found if len(s.steps) > 1)
    by_user: dict[str, list[Session]] = {}
    for session in found:
        by_user.setdefault(session.user_id, []).append(session)
    for habit in truth.sequences:
        steps = tuple(habit.workflow_ids)
        told = {day: counts.whole for day, counts in habit.days.items() if counts.whole}
        assert told == {
            day: n for (user, s, day), n in whole.items() if (user, s) == (habit.user_id, steps)
        }
        unbroken = Counter(
            s.closing_day for s in by_user.get(habit.user_id, []) if contains(s.steps, steps)
        )
        told = {day: counts.unbroken for day, counts in habit.days.items() if counts.unbroken}
        assert told == unbroken


def assert_reactions_are_as_told(truth: Truth, found: list[Session]) -> None:
    counted: Counter[tuple[str, str, str, str | None, date]] = Counter()
    for session in found:
        following = [*session.steps[1:], None]
        for step, status, then in zip(session.steps, session.statuses, following, strict=True):
            counted[session.user_id, step, status, then, session.closing_day] += 1
    for habit in truth.conditionals:
        for day, told in habit.days.items():
            for status, runs, directly in (
                ("failed", told.failures, told.failures_followed_directly),
                ("completed", told.successes, told.successes_followed_directly),
            ):
                here = {
                    then: n
                    for (user, step, s, then, d), n in counted.items()
                    if (user, step, s, d) == (habit.user_id, habit.workflow_id, status, day)
                }
                assert sum(here.values()) == runs
                assert here.get(habit.next_workflow_id, 0) == directly


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_sequences_occur_as_often_and_on_the_days_that_the_truth_tells(noise: float) -> None:
    _, truth, found = history(replace(SMALL, noise=noise))
    assert_sequences_are_as_told(truth, found)
    total = truth.sequences[0].sessions()
    assert total.planted >= total.unbroken >= total.whole
    assert (total.planted == total.whole) == (noise == 0)


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_reactions_to_failures_and_successes_are_as_the_truth_tells(noise: float) -> None:
    _, truth, found = history(replace(SMALL, noise=noise))
    assert_reactions_are_as_told(truth, found)
    for habit in truth.conditionals:
        counts = habit.reactions()
        assert counts.failures_followed > 0.6 * counts.failures
        assert counts.successes_followed < 0.2 * counts.successes
        assert (counts.failures_followed == counts.failures_followed_directly) == (noise == 0)


def test_time_habits_happen_in_their_hour_on_the_days_that_the_truth_tells() -> None:
    table, truth, _ = history(SMALL)
    counts = people_hours(table, SMALL.zone)
    for habit in truth.time_patterns:
        runs = {
            (day, hour): n
            for (user, workflow, day, hour), n in counts.items()
            if (user, workflow) == (habit.user_id, habit.workflow_id)
        }
        assert runs == {(day, habit.hour): 1 for day in habit.days}
        assert {day.weekday() for day in habit.days} <= set(habit.weekdays)
        assert len(habit.days) <= habit.eligible_days


def test_some_sequences_run_over_midnight_and_some_are_shared() -> None:
    _, truth, found = history(SMALL)
    nightly = [habit for habit in truth.sequences if habit.hours == [23]]
    assert nightly
    assert any(
        day.weekday() not in habit.weekdays or len(habit.weekdays) == 7
        for habit in nightly
        for day in habit.days
    )
    shared = Counter(tuple(habit.workflow_ids) for habit in truth.sequences)
    assert max(shared.values()) > 1
    assert any(session.closing_day > SMALL.first_day for session in found)


def test_with_an_isolated_background_planted_sessions_are_the_only_ones() -> None:
    config = replace(SMALL, isolated_background=True)
    _, truth, found = history(config)
    planted = Counter()
    for habit in truth.sequences:
        planted[habit.user_id, tuple(habit.workflow_ids)] += habit.sessions().planted
    for reaction in truth.conditionals:
        counts, pair = reaction.reactions(), (reaction.workflow_id, reaction.next_workflow_id)
        planted[reaction.user_id, pair] += counts.failures_followed + counts.successes_followed
    assert Counter((s.user_id, s.steps) for s in found if len(s.steps) > 1) == +planted


def test_more_noise_changes_no_planted_session() -> None:
    calm, noisy = ground_truth(SMALL), ground_truth(replace(SMALL, noise=0.8))
    for before, after in zip(calm.sequences, noisy.sequences, strict=True):
        assert {d: c.planted for d, c in before.days.items()} == {
            d: c.planted for d, c in after.days.items()
        }


def test_a_window_of_days_is_counted_on_its_own() -> None:
    habit = ground_truth(SMALL).sequences[0]
    days = sorted(habit.days)
    middle = days[len(days) // 2]
    halves = habit.sessions(last=middle).planted + habit.sessions(first=middle).planted
    assert halves == habit.sessions().planted + habit.days[middle].planted


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    noise=st.sampled_from([0.0, 0.2, 1.0]),
    zone=st.sampled_from(["UTC", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"]),
    first_day=st.dates(date(2024, 1, 1), date(2026, 12, 1)),
    isolated=st.booleans(),
)
def test_any_seed_zone_and_noise_gives_the_truth_it_tells(
    seed: int, noise: float, zone: str, first_day: date, isolated: bool
) -> None:
    config = GeneratorConfig(
        seed=seed,
        first_day=first_day,
        days=9,
        users=15,
        workflows=24,
        executions_per_day=150,
        zone=zone,
        noise=noise,
        isolated_background=isolated,
        sequence_habits=10,
        time_habits=3,
        conditional_habits=3,
        schedules=3,
    )
    table = generate_table(config)
    found = sessions(table, zone)
    truth = ground_truth(config)
    assert_sequences_are_as_told(truth, found)
    assert_reactions_are_as_told(truth, found)
