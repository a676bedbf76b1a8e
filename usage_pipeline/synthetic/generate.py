"""Generated executions as Arrow tables: one day, or a whole history.

These are the true executions, each once and in its last state. Files with copies, faults and
late rows are made from them in `delivery`; what was planted is told by `truth`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from usage_pipeline.synthetic.background import background_starts, machine_starts
from usage_pipeline.synthetic.columns import decimal_from_millionths, validity
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.names import ERROR_MESSAGES
from usage_pipeline.synthetic.outcomes import MISSING, DayExecutions, draw_outcomes
from usage_pipeline.synthetic.population import Population, draw_population
from usage_pipeline.synthetic.sessions import (
    ConditionalSessions,
    SequenceSessions,
    TimeRuns,
    conditional_sessions,
    sequence_sessions,
    time_runs,
)
from usage_pipeline.synthetic.starts import (
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
