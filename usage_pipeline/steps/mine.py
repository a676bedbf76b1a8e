"""The third step of a night: mines each changed day, then the windows and insights as of a day.

Reads, calls `mining/`, writes. Called by the assets while they hold the lock under which marts and
mining are built (`locks.building`).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.daily.sequences import SequenceCounts
from usage_pipeline.mining.daily.session_days import read_executions_of_day
from usage_pipeline.mining.daily.statistics import DailyStatistics, day_statistics
from usage_pipeline.mining.insights.find import InsightInputs, find_insights
from usage_pipeline.mining.insights.states import merge_insights
from usage_pipeline.mining.patterns.usage import usage_patterns
from usage_pipeline.mining.sequences.follow_ups import find_follow_ups
from usage_pipeline.mining.sequences.frequent import workflow_sequences
from usage_pipeline.mining.sequences.subsequences import (
    PART_WINDOW_DAYS,
    find_popular_sequences,
    find_subsequences,
)
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.mined import daily, windows
from usage_pipeline.warehouse.mined.days import KnownDays, known_days
from usage_pipeline.warehouse.mined.executions import reader
from usage_pipeline.warehouse.mined.insight_inputs import read_inputs
from usage_pipeline.warehouse.roles import Role

_log = logging.getLogger(__name__)

SEQUENCE_WINDOWS = (7, 28, 90)
"""The windows that `mining.workflow_sequence_windows` holds, in days."""

# Days are mined together up to so many executions, which bounds the memory that a backfill takes.
_EXECUTIONS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class MinedDays:
    """What mining days did.

    Attributes:
        days: the days mined, in order.
        rows: how many rows each table got.
        forgotten: rows deleted because their days are older than the statistics are kept.
    """

    days: list[date]
    rows: dict[str, int]
    forgotten: int


def mine_days(
    warehouse: Warehouse, settings: Settings, wanted: Sequence[date], as_of: date
) -> MinedDays:
    """Write the statistics of the wanted days, and of all that changed since they were mined.

    Args:
        warehouse: where the executions are.
        settings: how long statistics are kept, and what a session is.
        wanted: the days asked for.
        as_of: the as-of date of the run.
    """
    warehouse = warehouse.acting_as(Role.MINER)
    with snapshot(warehouse) as source:
        known = known_days(source)
    days = known.to_mine(wanted, as_of, settings.mined_days)
    rows = dict.fromkeys((table for table, _ in daily.DAILY_TABLES.values()), 0)
    for span in _spans(days, known):
        for table, count in _mine_span(warehouse, settings, span).items():
            rows[table] += count
    with warehouse.connect() as connection:
        oldest = as_of - timedelta(days=settings.mined_days)
        forgotten = daily.forget_days(connection, oldest)
    return MinedDays(days, rows, forgotten)


def mine_windows(warehouse: Warehouse, settings: Settings, as_of: date) -> dict[str, int]:
    """Replace everything mined over windows that end with `as_of`; return the rows by table.

    Raises:
        UsageError: the marts are not built yet.
    """
    warehouse = warehouse.acting_as(Role.MINER)
    with snapshot(warehouse) as source:
        marts = read_inputs(source, as_of, settings.insight)
        oldest = as_of - timedelta(days=settings.mined_days - 1)
        statistics = daily.read_days(source, oldest, as_of)
    tables = mined_tables(statistics, marts["workflows"], settings, as_of)
    inputs = InsightInputs(
        **marts,
        subsequences=tables["workflow_subsequences"],
        patterns=tables["usage_patterns"],
        pattern_days=settings.mined_days,
    )
    found = find_insights(inputs, as_of, settings.insight)
    with warehouse.connect() as connection:
        windows.hold_insights(connection)
        with snapshot(warehouse) as source:
            before = windows.read_insights(source)
        tables["usage_insights"] = merge_insights(before, found, as_of, settings.insight)
        windows.replace_tables(connection, tables)
    return {name: table.num_rows for name, table in tables.items()}


def mined_tables(
    statistics: DailyStatistics, workflows: pa.Table, settings: Settings, as_of: date
) -> dict[str, pa.Table]:
    """Mine every table of windows but the insights from daily statistics."""
    counts = SequenceCounts.from_table(statistics.sequences)
    follow_ups = find_follow_ups(
        statistics.transitions, statistics.step_counts, as_of, window_days=PART_WINDOW_DAYS
    ).to_table()
    parts = find_subsequences(
        statistics.sequences, statistics.step_counts, follow_ups, as_of,
        window_days=PART_WINDOW_DAYS,
    )  # fmt: skip
    popular = find_popular_sequences(
        statistics.sequences, statistics.step_counts, follow_ups, as_of,
        min_users=settings.sequence.shared_min_users,
    )  # fmt: skip
    patterns = usage_patterns(
        statistics.transitions, statistics.step_counts, statistics.hours, workflows, as_of,
        window_days=settings.mined_days,
    )  # fmt: skip
    default = workflow_sequences(counts, as_of, window_days=settings.sequence.window_days)
    return {
        "workflow_sequences": _as_of(default, as_of),
        "workflow_sequence_windows": _as_of(_sequence_windows(counts, as_of), as_of),
        "workflow_subsequences": _as_of(parts, as_of),
        # Rarer than by chance is no sequence, however many users have run it.
        "popular_sequences": _as_of(popular.filter(pc.greater(popular["lift"], 1)), as_of),
        "usage_patterns": patterns,
    }


def _spans(days: Sequence[date], known: KnownDays) -> Iterator[list[date]]:
    """Days in a row, together while they are not too many executions."""
    span: list[date] = []
    held = 0
    for day in days:
        executions = known.executions.get(day, 0)
        follows = span and day == span[-1] + timedelta(days=1)
        if span and (not follows or held + executions > _EXECUTIONS_AT_ONCE):
            yield span
            span, held = [], 0
        span.append(day)
        held += executions
    if span:
        yield span


def _mine_span(warehouse: Warehouse, settings: Settings, days: list[date]) -> dict[str, int]:
    first, last, zone = days[0], days[-1], warehouse.timezone
    session = settings.session
    with snapshot(warehouse) as source:
        # Read with the executions, so that a load in between is noticed the next time.
        loaded_at = known_days(source).loaded_at
        executions = read_executions_of_day(first, zone, reader(source), session, last=last)
    statistics = day_statistics(executions, first, zone, session, last=last)
    with warehouse.connect() as connection:
        rows = daily.replace_days(connection, days, statistics, loaded_at)
    _log.info("%s to %s mined", first, last)
    return rows


def _sequence_windows(counts: SequenceCounts, as_of: date) -> pa.Table:
    found = []
    for days in SEQUENCE_WINDOWS:
        table = workflow_sequences(counts, as_of, window_days=days).drop_columns("execution_order")
        column = pa.array([days] * table.num_rows, pa.int32())
        found.append(table.append_column("window_days", column))
    return pa.concat_tables(found)


def _as_of(table: pa.Table, as_of: date) -> pa.Table:
    return table.append_column("as_of_date", pa.array([as_of] * table.num_rows, pa.date32()))
