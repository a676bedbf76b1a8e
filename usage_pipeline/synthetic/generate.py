"""Generated executions as Arrow tables: one day, or a whole history.

These are the true executions, each once and in its last state. Files with copies, faults and
late rows are made from them in `delivery`; what was planted is told by `truth`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from usage_pipeline.synthetic.columns import decimal_from_millionths, validity
from usage_pipeline.synthetic.habits import Habits
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.names import ERROR_MESSAGES
from usage_pipeline.synthetic.outcomes import MISSING, DayExecutions, draw_outcomes
from usage_pipeline.synthetic.participants import FAVOURITES
from usage_pipeline.synthetic.population import Population, Schedules, draw_population
from usage_pipeline.synthetic.sessions import (
    ConditionalSessions,
    SequenceSessions,
    TimeRuns,
    conditional_sessions,
    sequence_sessions,
    time_runs,
)
from usage_pipeline.synthetic.starts import (
    HOUR_MS,
    SECOND_MS,
    Ints,
    LocalDay,
    Small,
    Starts,
    Status,
    Trigger,
    local_day,
)

_INSTANT = pa.timestamp("us", tz="UTC")

GENERATED_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("user_id", pa.string()),
        pa.field("workflow_id", pa.string()),
        pa.field("workflow_name", pa.string()),
        pa.field("start_time", _INSTANT),
        pa.field("end_time", _INSTANT),
        pa.field("status", pa.string()),
        pa.field("trigger", pa.string()),
        pa.field("error_message", pa.string()),
        pa.field("input_size", pa.int64()),
        pa.field("output_size", pa.int64()),
        pa.field("cost", pa.decimal128(18, 6)),
        pa.field("attempt", pa.int32()),
        pa.field("updated_at", _INSTANT),
    ]
)
"""The columns of generated executions; sizes are bytes, whole milliseconds in the times."""


@dataclass(frozen=True, slots=True)
class GeneratedDay:
    """One day's executions, and the habit sessions that begin on it."""

    local: LocalDay
    executions: DayExecutions
    sequences: SequenceSessions
    conditionals: ConditionalSessions
    times: TimeRuns


def generate_day(config: GeneratorConfig, day: date) -> pa.Table:
    """The executions of one day in `GENERATED_SCHEMA`, ordered by start.

    Raises:
        UsageError: the day is not one of the history, or its habits do not fit into it.
    """
    population = draw_population(config)
    return to_table(population, draw_day(population, day))


def generate_table(config: GeneratorConfig) -> pa.Table:
    """The executions of all days in `GENERATED_SCHEMA`, one chunk a day or more.

    Raises:
        UsageError: the habits do not fit into the history.
    """
    days = [generate_day(config, day) for day in days_of(config)]
    return pa.concat_tables(days)


def days_of(config: GeneratorConfig) -> list[date]:
    """All days of a history."""
    return [config.first_day + timedelta(days=number) for number in range(config.days)]


def draw_day(population: Population, day: date) -> GeneratedDay:
    """One day as numbers."""
    config = population.config
    config.day_index(day)
    local = local_day(day, config.zone)
    sequences = sequence_sessions(population, local)
    conditionals = conditional_sessions(population, local)
    times = time_runs(population, local)
    planned = [sequences.starts]
    if day > config.first_day:
        # Sessions that began before midnight go on here.
        yesterday = local_day(day - timedelta(days=1), config.zone)
        planned.append(sequence_sessions(population, yesterday).starts)
    within = Starts.concat(planned)
    within = within.take((within.start_ms >= local.begin_ms) & (within.start_ms < local.end_ms))
    starts = Starts.concat(
        [
            background_starts(population, local),
            machine_starts(config, population.schedules, local),
            within,
            conditionals.starts,
            times.starts,
        ]
    )
    executions = draw_outcomes(population, local, starts)
    return GeneratedDay(local, executions, sequences, conditionals, times)


def to_table(population: Population, generated: GeneratedDay) -> pa.Table:
    """One day's executions in `GENERATED_SCHEMA`."""
    rows = generated.executions
    day_index = population.config.day_index(generated.local.day)
    names = pa.array(population.workflows.names_on(day_index), pa.string())
    workflow = pa.array(rows.workflow)
    return pa.Table.from_arrays(
        [
            rows.ids.take(pa.array(rows.identity)),
            population.users.ids.take(pa.array(rows.user)),
            population.workflows.ids.take(workflow),
            names.take(workflow),
            _instants(rows.start_ms),
            _instants(rows.end_ms),
            _words(Status, rows.status),
            _words(Trigger, rows.trigger),
            pa.array(ERROR_MESSAGES).take(pa.array(rows.error, mask=rows.error == MISSING)),
            _numbers(rows.input_size),
            _numbers(rows.output_size),
            decimal_from_millionths(rows.cost, rows.cost == MISSING),
            pa.array(rows.attempt.astype(np.int32)),
            _instants(rows.updated_ms),
        ],
        schema=GENERATED_SCHEMA,
    )


def _words(kind: type[Status] | type[Trigger], codes: Small) -> pa.Array:
    return pa.array([member.name.lower() for member in kind]).take(pa.array(codes))


def _instants(milliseconds: Ints) -> pa.Array:
    missing = milliseconds == MISSING
    buffers = [validity(missing), pa.py_buffer(milliseconds * 1_000)]
    return pa.Array.from_buffers(_INSTANT, len(milliseconds), buffers)


def _numbers(values: Ints) -> pa.Array:
    return pa.array(values, mask=values == MISSING)


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
