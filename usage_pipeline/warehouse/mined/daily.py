"""The daily statistics in the warehouse: replaced by the day, read by the window."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import psycopg
import pyarrow.compute as pc
from psycopg import sql

from usage_pipeline.mining.daily.hours import HOURS_SCHEMA
from usage_pipeline.mining.daily.sequences import SEQUENCE_OCCURRENCES_SCHEMA
from usage_pipeline.mining.daily.statistics import DailyStatistics
from usage_pipeline.mining.daily.transitions import STEP_COUNTS_SCHEMA, TRANSITIONS_SCHEMA
from usage_pipeline.terms import MACHINE_TRIGGERS
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER

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


def unaccounted_hours(
    connection: psycopg.Connection, days: Sequence[date]
) -> tuple[int, list[str]]:
    """Compare hours with the executions they were counted from, where these are still there.

    Args:
        connection: reads only.
        days: those to compare; all that can be if there are none.

    Returns:
        How many days were compared, and a sentence for each whose numbers differ.
    """
    rows = connection.execute(
        """
        with comparable as (
            select ledger.execution_date
            from raw.load_ledger as ledger
            inner join mining.mined_days as mined using (execution_date)
            where %(days)s::date[] = '{}' or ledger.execution_date = any(%(days)s)
            group by ledger.execution_date, mined.loaded_at
            having bool_and(ledger.retired_at is null) and max(ledger.loaded_at) = mined.loaded_at
        ),
        by_people as (
            select execution_date, count(*) as executions
            from raw.workflow_executions_simple
            where execution_date in (select execution_date from comparable)
                and attempt = 1 and user_id <> %(anonymous)s
                and coalesce(trigger_type <> all (%(machines)s), true)
            group by execution_date
        ),
        in_hours as (
            select execution_date, sum(execution_count)::bigint as executions
            from mining.daily_hours
            where execution_date in (select execution_date from comparable)
            group by execution_date
        )
        select execution_date, coalesce(by_people.executions, 0), coalesce(in_hours.executions, 0)
        from comparable
        left join by_people using (execution_date)
        left join in_hours using (execution_date)
        order by execution_date
        """,
        {"days": list(days), "anonymous": ANONYMOUS_USER, "machines": list(MACHINE_TRIGGERS)},
    ).fetchall()
    wrong = [
        f"{day}: {found:,} by people, {counted:,} in hours"
        for day, found, counted in rows
        if found != counted
    ]
    return len(rows), wrong
