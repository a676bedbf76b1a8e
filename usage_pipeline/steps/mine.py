"""The third step of a night: mines each changed day, then the windows and insights as of a day.

Reads, calls `mining/`, writes. Called by the assets while they hold the lock under which marts and
mining are built (`locks.building`).
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
import pyarrow as pa

from usage_pipeline.mining.daily.sessions import read_executions_of_day
from usage_pipeline.mining.daily.statistics import DailyStatistics, day_statistics
from usage_pipeline.mining.insights.find import EveryoneCounts, InsightInputs, find_insights
from usage_pipeline.mining.insights.states import merge_insights
from usage_pipeline.mining.insights.wording import Names
from usage_pipeline.mining.patterns.time import executions_by_hour
from usage_pipeline.mining.sequences.parts import PART_WINDOW_DAYS
from usage_pipeline.mining.windows import Shelf, WindowMining, WindowSettings
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.columns import Snapshot, snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.mined import blocks, daily, inputs, windows
from usage_pipeline.warehouse.mined.blocks import EVERYBODY, UserBlock, disk_shelves, user_blocks
from usage_pipeline.warehouse.mined.daily import KnownDays, known_days
from usage_pipeline.warehouse.mined.inputs import reader
from usage_pipeline.warehouse.roles import Role

_log = logging.getLogger(__name__)

# How many executions of days, and how many rows of what windows are mined from, are mined together.
# This bounds the memory, whatever the size of a day.
_EXECUTIONS_AT_ONCE = 1_500_000
_STATISTICS_AT_ONCE = 750_000


@dataclass(frozen=True)
class MinedDays:
    """The result of mining days.

    Attributes:
        days: the days mined, in order.
        rows: how many rows each table got.
        forgotten: rows deleted because their days are older than the statistics are kept.
    """

    days: list[date]
    rows: dict[str, int]
    forgotten: int


def mine_days(
    warehouse: Warehouse, settings: Settings, run_days: Sequence[date], as_of: date
) -> MinedDays:
    """Write the statistics of the run's days, and of all that changed since they were mined.

    Args:
        warehouse: where the executions are.
        settings: how long statistics are kept, and what a session is.
        run_days: the days of the run.
        as_of: the as-of date of the run.
    """
    warehouse = warehouse.acting_as(Role.MINER)
    with snapshot(warehouse) as source:
        day_states = known_days(source)
    days = day_states.to_mine(run_days, as_of, settings.mined_days)
    rows = dict.fromkeys((table for table, _ in daily.DAILY_TABLES.values()), 0)
    for span in _spans(days, day_states):
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
    with (
        disk_shelves(settings.home) as new_shelf,
        warehouse.connect() as connection,
        snapshot(warehouse) as source,
    ):
        night = _Night(source, connection, settings, as_of, new_shelf)
        rows = night.mine()
        windows.hold_insights(connection)
        # A later state of the warehouse: what somebody dismissed meanwhile stays dismissed.
        with snapshot(warehouse) as now:
            rows["usage_insights"] = windows.replace_insights(connection, night.merged(now))
    return dict(rows)


def window_settings(settings: Settings) -> WindowSettings:
    """The settings of windows among all settings."""
    return WindowSettings(
        sequence_days=settings.sequence.window_days,
        pattern_days=settings.mined_days,
        shared_min_users=settings.sequence.shared_min_users,
    )


class _Night:
    """The windows and the insights of one as-of date, a block of users at a time."""

    def __init__(
        self,
        source: Snapshot,
        connection: psycopg.Connection,
        settings: Settings,
        as_of: date,
        new_shelf: Callable[[], Shelf],
    ) -> None:
        self._source, self._connection, self._settings = source, connection, settings
        self._as_of, self._oldest = as_of, as_of - timedelta(days=settings.mined_days - 1)
        self._new_shelf, self._insights = new_shelf, new_shelf()
        self._workflows = inputs.read_workflows(source, as_of, settings.insight)
        self._names = Names.of(self._workflows["workflows"])
        self._blocks = user_blocks(
            source,
            blocks.STATISTICS,
            {"first": self._oldest, "last": as_of},
            _STATISTICS_AT_ONCE,
        )

    def mine(self) -> Counter[str]:
        """Write everything but the insights, which wait on a shelf; return the rows by table."""
        source, connection, as_of = self._source, self._connection, self._as_of
        settings, rows = window_settings(self._settings), Counter(dict.fromkeys(windows.WINDOWS, 0))
        hours = daily.read_hours_of_everyone(source, self._oldest, as_of)
        by_hour = executions_by_hour(hours, as_of, window_days=settings.pattern_days)
        mining = WindowMining(as_of, settings, by_hour, self._new_shelf)
        counts = EveryoneCounts(self._settings.insight)
        windows.clear_windows(connection)
        for number, block in enumerate(self._blocks, start=1):
            statistics = daily.read_days(source, self._oldest, as_of, block)
            rows.update(windows.add_rows(connection, mining.mine(statistics)))
            counts.add(**inputs.read_counted(source, as_of, self._settings.insight, block))
            _log.info("%s of %s blocks of users mined", number, len(self._blocks))
        everyone = counts.everyone(
            self._workflows["workflow_changes"], self._workflows["workflow_durations"]
        )
        for block, tables in zip(self._blocks, mining.settle(self._names), strict=True):
            rows.update(windows.add_rows(connection, tables))
            numbers = InsightInputs(
                **self._workflows,
                **inputs.read_users(source, as_of, self._settings.insight, block),
                subsequences=tables["workflow_subsequences"],
                patterns=tables["usage_patterns"],
                pattern_days=settings.pattern_days,
            )
            self._insights.append(
                find_insights(
                    numbers,
                    as_of,
                    self._settings.insight,
                    names=self._names,
                    everyone=everyone,
                )
            )
        first = as_of - timedelta(days=PART_WINDOW_DAYS - 1)
        popular = mining.popular(
            daily.read_sequences(source, first, as_of, block) for block in self._blocks
        )
        rows.update(windows.add_rows(connection, {"popular_sequences": popular}))
        return rows

    def merged(self, now: Snapshot) -> Iterator[pa.Table]:
        """The insights of each block with what became of them since the night before."""
        for block, insights in zip(self._blocks, self._insights, strict=True):
            before = windows.read_insights(now, block)
            yield merge_insights(before, insights, self._as_of, self._settings.insight)


def _spans(days: Sequence[date], day_states: KnownDays) -> Iterator[list[date]]:
    """Days in a row, together while they are not too many executions."""
    span: list[date] = []
    span_executions = 0
    for day in days:
        executions = day_states.executions.get(day, 0)
        follows = span and day == span[-1] + timedelta(days=1)
        if span and (not follows or span_executions + executions > _EXECUTIONS_AT_ONCE):
            yield span
            span, span_executions = [], 0
        span.append(day)
        span_executions += executions
    if span:
        yield span


def _mine_span(warehouse: Warehouse, settings: Settings, days: list[date]) -> dict[str, int]:
    with snapshot(warehouse) as source, warehouse.connect() as connection:
        # Read with the executions, so that a load in between is noticed the next time.
        day_states = known_days(source)
        statistics = _statistics(source, settings, days, warehouse.timezone, day_states)
        rows = daily.replace_days(connection, days, statistics, day_states.loaded_at)
    _log.info("%s to %s mined", days[0], days[-1])
    return rows


def _statistics(
    source: Snapshot, settings: Settings, days: list[date], zone: str, day_states: KnownDays
) -> Iterator[DailyStatistics]:
    """The statistics of a span of days, a block of users at a time."""
    first, last, session = days[0], days[-1], settings.session
    for block in _blocks_of_days(source, first, last, day_states):
        read = reader(source, block)
        executions = read_executions_of_day(first, zone, read, session, last=last)
        yield day_statistics(executions, first, zone, session, last=last)


def _blocks_of_days(
    source: Snapshot, first: date, last: date, day_states: KnownDays
) -> list[UserBlock]:
    count = sum(n for day, n in day_states.executions.items() if first <= day <= last)
    if count <= _EXECUTIONS_AT_ONCE:
        return [EVERYBODY]
    values = {"first": first, "last": last}
    return user_blocks(source, blocks.EXECUTIONS, values, _EXECUTIONS_AT_ONCE)
