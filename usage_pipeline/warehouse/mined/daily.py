"""The daily statistics in the warehouse: replaced by the day, read by the window."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import psycopg
import pyarrow.compute as pc
from psycopg import sql

from usage_pipeline.mining.daily import DailyStatistics
from usage_pipeline.mining.hours import HOURS_SCHEMA
from usage_pipeline.mining.sequences import SEQUENCE_OCCURRENCES_SCHEMA
from usage_pipeline.mining.transitions import STEP_COUNTS_SCHEMA, TRANSITIONS_SCHEMA
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch

DAILY_TABLES: Final = {
    "sequences": ("daily_sequences", SEQUENCE_OCCURRENCES_SCHEMA),
    "transitions": ("daily_transitions", TRANSITIONS_SCHEMA),
    "step_counts": ("daily_step_counts", STEP_COUNTS_SCHEMA),
    "hours": ("daily_hours", HOURS_SCHEMA),
}
"""For each field of `DailyStatistics` its table and columns."""


def replace_days(
    connection: psycopg.Connection,
    days: Sequence[date],
    statistics: DailyStatistics,
    loaded_at: Mapping[date, datetime],
) -> dict[str, int]:
    """Make these statistics those of the days, all or none; return the rows written by table.

    Args:
        connection: commits or not.
        days: the days, also those without any row.
        statistics: of these days and no other.
        loaded_at: the newest load of each day that the statistics know of.
    """
    written = {}
    for name, (table, _) in DAILY_TABLES.items():
        target = sql.Identifier("mining", table)
        connection.execute(
            sql.SQL("delete from {} where execution_date = any(%s)").format(target), [list(days)]
        )
        rows = getattr(statistics, name)
        # In the order of the table's key, so that its index grows at the end.
        in_order = rows.take(pc.sort_indices(rows, [("execution_date", "ascending")]))
        written[table] = copy_batch(connection, target, in_order)
    connection.execute(
        "insert into mining.mined_days (execution_date, loaded_at) "
        "select * from unnest(%s::date[], %s::timestamptz[]) on conflict (execution_date) "
        "do update set loaded_at = excluded.loaded_at, mined_at = current_timestamp",
        [list(days), [loaded_at.get(day) for day in days]],
    )
    return written


def read_days(source: Snapshot, first: date, last: date) -> DailyStatistics:
    """The statistics of the days from `first` to `last`."""
    found = {}
    for name, (table, schema) in DAILY_TABLES.items():
        columns = sql.SQL(", ").join(map(sql.Identifier, schema.names))
        query = sql.SQL("select {} from {} where execution_date between {} and {}").format(
            columns, sql.Identifier("mining", table), sql.Literal(first), sql.Literal(last)
        )
        found[name] = source.read(query).cast(schema)
    return DailyStatistics(**found)


def forget_days(connection: psycopg.Connection, last: date) -> int:
    """Delete the statistics of the days up to `last`; return the rows."""
    deleted = 0
    for table, _ in DAILY_TABLES.values():
        statement = sql.SQL("delete from {} where execution_date <= %s")
        target = sql.Identifier("mining", table)
        deleted += connection.execute(statement.format(target), [last]).rowcount
    connection.execute("delete from mining.mined_days where execution_date <= %s", [last])
    return deleted
