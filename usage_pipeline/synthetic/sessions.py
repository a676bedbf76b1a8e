"""The executions that habits lead to on a day, and exactly which of them took place.

Habit sessions keep to their hours (see `habits`): they begin and end more than 300 s away from
the hour's edges. That holds for strays too, single executions of other workflows that get into
them.
"""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.synthetic.habits import MAX_HOURS, MAX_STEPS, NIGHT_HOUR
from usage_pipeline.synthetic.model import Purpose, stream
from usage_pipeline.synthetic.population import Population
from usage_pipeline.synthetic.starts import (
    HOUR_MS,
    SECOND_MS,
    Ints,
    LocalDay,
    Mask,
    Starts,
    Status,
    Trigger,
    clocks_change_overnight,
)

# Within its hour a session begins at 6:40 to 43:20 and lasts up to 8 minutes (4 gaps of 120 s);
# a stray comes up to 60 s before or after it.
_FIRST_MS, _LAST_MS = 400 * SECOND_MS, 2_600 * SECOND_MS
_STEP_GAP_MS = (8 * SECOND_MS, 120 * SECOND_MS)
_REACTION_MS = (30 * SECOND_MS, 200 * SECOND_MS)
_NIGHT_MS = (50 * 60 * SECOND_MS, 58 * 60 * SECOND_MS)
_CLOSES_AFTER_MS = 300 * SECOND_MS
_CONDITIONAL_PROBABILITY = 0.9
# When a stray starts outside a session, and how many workflows are tried for it.
_OUTSIDE_MS = (20 * SECOND_MS, 60 * SECOND_MS)
_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class SequenceSessions:
    """The sessions of sequence habits that begin on a day.

    `habit` numbers the habit of each. A session is `whole` when nothing but the habit is in it,
    `unbroken` when the steps follow each other without anything between them; `starts` may lie
    on the next day.
    """

    starts: Starts
    habit: Ints
    closing_ms: Ints
    whole: Mask
    unbroken: Mask


@dataclass(frozen=True, slots=True)
class ConditionalSessions:
    """Whether each execution of `first` failed, and what followed it."""

    starts: Starts
    habit: Ints
    failed: Mask
    followed: Mask
    directly: Mask


@dataclass(frozen=True, slots=True)
class TimeRuns:
    """The executions of time habits on a day."""

    starts: Starts
    habit: Ints


def sequence_sessions(population: Population, local: LocalDay) -> SequenceSessions:
    """The sessions of all sequence habits that begin on a day."""
    config, habits = population.config, population.habits.sequences
    random = stream(config.seed, Purpose.SEQUENCES, config.day_index(local.day))
    shape = (len(habits.user), MAX_HOURS)
    happens = random.random(shape) < habits.probability[:, None]
    minute_ms = random.integers(_FIRST_MS, _LAST_MS, shape)
    night_ms = random.integers(*_NIGHT_MS, shape)
    gaps = random.integers(*_STEP_GAP_MS, (*shape, MAX_STEPS - 1))
    happens &= (habits.hours >= 0) & _is_due(habits.weekdays, local)[:, None]
    at_night = habits.hours == NIGHT_HOUR
    if local.day == config.last_day or clocks_change_overnight(local.day, config.zone):
        happens &= ~at_night
    habit, slot = np.nonzero(happens)
    minute_ms = np.where(at_night, night_ms, minute_ms)
    begin = local.instants(habits.hours[habit, slot] * HOUR_MS) + minute_ms[habit, slot]
    gap = gaps[habit, slot]
    times = begin[:, None] + np.concatenate(
        [np.zeros((len(habit), 1), dtype=np.int64), np.cumsum(gap, axis=1)], axis=1
    )
    # A step ends before the next one starts; how long the last one takes is left open.
    limits = np.concatenate([gap * 9 // 10, np.zeros((len(habit), 1), dtype=np.int64)], axis=1)
    steps, length = habits.steps[habit], habits.length[habit]
    limits[np.arange(len(habit)), length - 1] = 0
    real = np.arange(MAX_STEPS) < length[:, None]
    starts = Starts.of(
        np.repeat(habits.user[habit], length),
        steps[real],
        times[real],
        trigger=Trigger.MANUAL,
        limit_ms=limits[real],
    )
    strays = add_strays(population, local, habits.user[habit], steps, times, length)
    last_ms = np.maximum(times[np.arange(len(habit)), length - 1], strays.latest_ms)
    return SequenceSessions(
        starts=Starts.concat([starts, strays.starts]),
        habit=habit,
        closing_ms=last_ms + _CLOSES_AFTER_MS,
        whole=strays.position < 0,
        unbroken=(strays.position <= 0) | (strays.position == length),
    )


def conditional_sessions(population: Population, local: LocalDay) -> ConditionalSessions:
    """The sessions of all conditional habits on a day."""
    config, habits = population.config, population.habits.conditionals
    random = stream(config.seed, Purpose.CONDITIONALS, config.day_index(local.day))
    shape = (len(habits.user), MAX_HOURS)
    happens = random.random(shape) < _CONDITIONAL_PROBABILITY
    fails = random.random(shape) < habits.failure_rate[:, None]
    reacts = random.random(shape)
    minute_ms = random.integers(_FIRST_MS, _LAST_MS, shape)
    reaction_ms = random.integers(*_REACTION_MS, shape)
    happens &= (habits.hours >= 0) & _is_due(habits.weekdays, local)[:, None]
    habit, slot = np.nonzero(happens)
    failed = fails[habit, slot]
    likely = np.where(failed, habits.after_failure[habit], habits.after_success[habit])
    followed = reacts[habit, slot] < likely
    begin = local.instants(habits.hours[habit, slot] * HOUR_MS) + minute_ms[habit, slot]
    after = reaction_ms[habit, slot]
    user = habits.user[habit]
    first = Starts.of(
        user,
        habits.first[habit],
        begin,
        trigger=Trigger.MANUAL,
        status=np.where(failed, Status.FAILED, Status.COMPLETED).astype(np.int8),
        limit_ms=after * 9 // 10,
    )
    then = Starts.of(
        user[followed],
        habits.then[habit][followed],
        (begin + after)[followed],
        trigger=Trigger.MANUAL,
    )
    steps = np.stack([habits.first[habit], habits.then[habit]], axis=1)
    times = np.stack([begin, begin + after], axis=1)
    strays = add_strays(
        population, local, user, steps, times, 1 + followed.astype(np.int64), conditional=True
    )
    return ConditionalSessions(
        starts=Starts.concat([first, then, strays.starts]),
        habit=habit,
        failed=failed,
        followed=followed,
        directly=followed & (strays.position != 1),
    )


def time_runs(population: Population, local: LocalDay) -> TimeRuns:
    """The executions of all time habits on a day."""
    config, habits = population.config, population.habits.times
    random = stream(config.seed, Purpose.TIME_PATTERNS, config.day_index(local.day))
    happens = random.random(len(habits.user)) < habits.probability
    minute_ms = random.integers(_FIRST_MS, _LAST_MS, len(habits.user))
    habit = np.flatnonzero(happens & _is_due(habits.weekdays, local))
    starts = Starts.of(
        habits.user[habit],
        habits.workflow[habit],
        local.instants(habits.hour[habit] * HOUR_MS) + minute_ms[habit],
        trigger=Trigger.MANUAL,
    )
    return TimeRuns(starts, habit)


def _is_due(weekdays: Ints, local: LocalDay) -> Mask:
    due: Mask = (weekdays >> local.day.weekday()) & 1 == 1
    return due


@dataclass(frozen=True, slots=True)
class Strays:
    """At most one stray a session.

    `position` is how many steps of the habit come before it, -1 without a stray; `latest_ms` is
    when it starts, 0 without one.
    """

    starts: Starts
    position: Ints
    latest_ms: Ints


def add_strays(
    population: Population,
    local: LocalDay,
    user: Ints,
    steps: Ints,
    times: Ints,
    length: Ints,
    *,
    conditional: bool = False,
) -> Strays:
    """Put a stray into the share of sessions that `noise` gives, before, in or after them.

    `steps` and `times` have a row a session, of which the first `length` entries count.
    """
    config = population.config
    day_index = config.day_index(local.day)
    # Two kinds of sessions draw from this purpose: each takes its own half of the day numbers.
    random = stream(config.seed, Purpose.NOISE, 2 * day_index + conditional)
    count = len(user)
    wanted = random.random(count) < config.noise
    position = random.integers(0, length + 1)
    outside_ms = random.integers(*_OUTSIDE_MS, count)
    part = random.uniform(0.3, 0.7, count)
    workflow = _unlike(population, random, day_index, user, steps)
    row = np.arange(count)
    before = times[row, np.maximum(position - 1, 0)]
    after = times[row, np.minimum(position, length - 1)]
    start = before + ((after - before) * part).astype(np.int64)
    start = np.where(position == 0, after - outside_ms, start)
    start = np.where(position == length, before + outside_ms, start)
    there = wanted & (workflow >= 0)
    return Strays(
        starts=Starts.of(user[there], workflow[there], start[there], trigger=Trigger.MANUAL),
        position=np.where(there, position, -1),
        latest_ms=np.where(there, start, 0),
    )


def _unlike(
    population: Population, random: np.random.Generator, day_index: int, user: Ints, steps: Ints
) -> Ints:
    """A workflow for each session that is none of its steps and of no habit; -1 without one."""
    share = population.workflows.cumulative_share
    workflow = np.full(len(user), -1)
    for _ in range(_CANDIDATES):
        drawn = np.searchsorted(share, random.random(len(user)), side="right")
        drawn = np.minimum(drawn, len(share) - 1)
        suits = ~population.refuses(user, drawn, day_index)
        suits &= ~(steps == drawn[:, None]).any(axis=1)
        workflow = np.where((workflow < 0) & suits, drawn, workflow)
    return workflow
