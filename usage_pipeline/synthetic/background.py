"""Executions that follow no habit: by people at random, by machines at a fixed hour.

People run what they like at random times of the working day. Machines run what is scheduled, and
what the execution before starts.
"""

import numpy as np

from usage_pipeline.synthetic.habits import Habits
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.population import Population, Schedules
from usage_pipeline.synthetic.starts import HOUR_MS, SECOND_MS, Ints, LocalDay, Starts, Trigger
from usage_pipeline.synthetic.users import FAVOURITES

_WEEKDAY_LOAD = (1.25, 1.3, 1.3, 1.25, 1.1, 0.45, 0.35)
_HOUR_LOAD = (
    2, 1, 1, 1, 1, 3, 8, 30, 70, 95, 100, 95, 60, 80, 95, 90, 80, 55, 30, 18, 12, 8, 5, 3,
)  # fmt: skip
_HOURS = np.repeat(np.arange(24), _HOUR_LOAD)
_FAVOURITE_LOAD = (40, 20, 13, 9, 7, 5, 4, 2)
_FAVOURITES = np.repeat(np.arange(FAVOURITES), _FAVOURITE_LOAD)
_OTHER_SHARE = 0.1  # of executions, any workflow by its popularity
_SESSION_GAP_MS = 300 * SECOND_MS


def background_starts(population: Population, local: LocalDay) -> Starts:
    """The background executions of a day, all by people."""
    config, users = population.config, population.users
    day_index = config.day_index(local.day)
    random = stream(config.seed, Purpose.BACKGROUND, day_index)
    mean = max(0.0, config.executions_per_day - _planned_per_day(population))
    wanted = int(random.poisson(mean * _WEEKDAY_LOAD[local.day.weekday()]))
    present = (users.first_day <= day_index) & (users.last_day >= day_index)
    if wanted == 0 or not present.any():
        return _no_starts()
    # Some are refused below; of the rest the first ones are taken, which favours none of them.
    count = wanted + wanted // 3 + 30
    cumulative = np.cumsum(users.weight * present)
    user = np.searchsorted(cumulative, random.random(count) * cumulative[-1], side="right")
    user = np.minimum(user, config.users - 1)
    workflow = _choose_workflows(population, random, user)
    hour = (_HOURS[random.integers(0, len(_HOURS), count)] + users.hours_later[user]) % 24
    local_ms = hour * HOUR_MS + random.integers(0, HOUR_MS, count)
    possible = present[user] & ((population.habits.kept_hours[user] >> hour) & 1 == 0)
    possible &= ~population.refuses(user, workflow, day_index)
    chosen = np.flatnonzero(possible)[:wanted]
    user, start = user[chosen], local.instants(local_ms[chosen])
    starts = Starts.of(user, workflow[chosen], start, may_retry=True)
    return _isolated(starts, local) if config.isolated_background else starts


def _choose_workflows(population: Population, random: np.random.Generator, user: Ints) -> Ints:
    count = len(user)
    slot = _FAVOURITES[random.integers(0, len(_FAVOURITES), count)]
    liked = population.users.favourites[user, slot]
    others = np.flatnonzero(random.random(count) < _OTHER_SHARE)
    share = population.workflows.cumulative_share
    drawn = np.searchsorted(share, random.random(len(others)), side="right")
    liked[others] = np.minimum(drawn, len(share) - 1)
    return liked


def _isolated(starts: Starts, local: LocalDay) -> Starts:
    """Without those that start within 300 s after another one of their user, or of midnight."""
    order = np.lexsort((starts.start_ms, starts.user))
    sorted_starts = starts.take(order)
    same_user = np.diff(sorted_starts.user, prepend=-1) == 0
    close = np.diff(sorted_starts.start_ms, prepend=0) <= _SESSION_GAP_MS
    before_midnight = sorted_starts.start_ms >= local.end_ms - _SESSION_GAP_MS
    return sorted_starts.take(~(same_user & close) & ~before_midnight)


def _planned_per_day(population: Population) -> float:
    """How many executions habits and schedules start on an average day."""
    return _habits_per_day(population.habits) + population.schedules.mean_per_day


def _habits_per_day(habits: Habits) -> float:
    sequences, times, conditionals = habits.sequences, habits.times, habits.conditionals
    sessions = sequences.probability * (sequences.hours >= 0).sum(axis=1)
    by_sequences = sessions * sequences.length * np.bitwise_count(sequences.weekdays)
    by_times = times.probability * np.bitwise_count(times.weekdays)
    failures = conditionals.failure_rate
    followed = failures * conditionals.after_failure
    followed += (1 - failures) * conditionals.after_success
    runs = (conditionals.hours >= 0).sum(axis=1) * np.bitwise_count(conditionals.weekdays)
    by_conditionals = runs * (1 + followed)
    return float(by_sequences.sum() + by_times.sum() + by_conditionals.sum()) / 7


def _no_starts() -> Starts:
    nothing = np.zeros(0, dtype=np.int64)
    return Starts.of(nothing, nothing, nothing)


def machine_starts(config: GeneratorConfig, schedules: Schedules, local: LocalDay) -> Starts:
    """The scheduled and chained executions of a day."""
    random = stream(config.seed, Purpose.MACHINES, config.day_index(local.day))
    count = len(schedules.owner)
    seconds_late = random.integers(0, 20 * SECOND_MS, count)
    chained_after = random.integers(60 * SECOND_MS, 400 * SECOND_MS, count)
    due = (schedules.weekdays >> local.day.weekday()) & 1 == 1
    start = local.instants(schedules.hour * HOUR_MS) + seconds_late
    goes_on = due & (schedules.chained >= 0)
    return Starts.concat(
        [
            Starts.of(
                schedules.owner[due],
                schedules.workflow[due],
                start[due],
                trigger=Trigger.SCHEDULED,
            ),
            Starts.of(
                schedules.owner[goes_on],
                schedules.chained[goes_on],
                (start + chained_after)[goes_on],
                trigger=Trigger.CHAINED,
            ),
        ]
    )
