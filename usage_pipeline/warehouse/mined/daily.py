"""The daily statistics in the warehouse: replaced by the day, read by the window.

Which days are to be mined stands here too: those asked for, those loaded since, and those they
reach into.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from usage_pipeline.mining.daily.sequences import SEQUENCE_OCCURRENCES_SCHEMA
from usage_pipeline.mining.daily.sessions import READ_BACK_DAYS
from usage_pipeline.mining.daily.statistics import (
    HOURS_SCHEMA,
    STEP_COUNTS_SCHEMA,
    TRANSITIONS_SCHEMA,
    DailyStatistics,
)
from usage_pipeline.terms import MACHINE_TRIGGERS
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.mined.blocks import EVERYBODY, UserBlock
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
    blocks: Iterable[DailyStatistics],
    loaded_at: Mapping[date, datetime],
) -> dict[str, int]:
    """Make these statistics those of the days, all or none; return the rows written by table.

    Args:
        connection: commits or not.
        days: the days, also those without any row.
        blocks: the statistics of blocks of users, of these days and no other.
        loaded_at: the newest load of each day that the statistics know of.
    """
    written = {table: 0 for table, _ in DAILY_TABLES.values()}
    for table in written:
        target = sql.Identifier("mining", table)
        connection.execute(
            sql.SQL("delete from {} where execution_date = any(%s)").format(target), [list(days)]
        )
    for statistics in blocks:
        for name, (table, _) in DAILY_TABLES.items():
            rows = getattr(statistics, name)
            # In the order of the table's key, so that its index grows at the end.
            in_order = rows.take(pc.sort_indices(rows, [("execution_date", "ascending")]))
            target = sql.Identifier("mining", table)
            written[table] += copy_batch(connection, target, in_order)
    connection.execute(
        "insert into mining.mined_days (execution_date, loaded_at) "
        "select * from unnest(%s::date[], %s::timestamptz[]) on conflict (execution_date) "
        "do update set loaded_at = excluded.loaded_at, mined_at = current_timestamp",
        [list(days), [loaded_at.get(day) for day in days]],
    )
    return written


def read_days(
    source: Snapshot, first: date, last: date, users: UserBlock = EVERYBODY
) -> DailyStatistics:
    """The statistics of the days from `first` to `last`, of all users or of a block."""
    return DailyStatistics(
        **{name: _read(source, name, first, last, users) for name in DAILY_TABLES}
    )


def read_sequences(source: Snapshot, first: date, last: date, users: UserBlock) -> pa.Table:
    """`DailyStatistics.sequences` of a block alone."""
    return _read(source, "sequences", first, last, users)


def read_hours_of_everyone(source: Snapshot, first: date, last: date) -> pa.Table:
    """The executions of all users by day and local hour: execution_date, local_hour, count."""
    return source.read(
        sql.SQL(
            "select execution_date, local_hour, sum(execution_count)::bigint as execution_count "
            "from mining.daily_hours where execution_date between {} and {} "
            "group by execution_date, local_hour"
        ).format(sql.Literal(first), sql.Literal(last))
    )


def _read(source: Snapshot, name: str, first: date, last: date, users: UserBlock) -> pa.Table:
    table, schema = DAILY_TABLES[name]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    # Each day by itself: within a day the keys of a block lie together, within a span they do not.
    query = sql.SQL("select {} from {} where execution_date = any({}::date[]) and {}").format(
        sql.SQL(", ").join(map(sql.Identifier, schema.names)),
        sql.Identifier("mining", table),
        sql.Literal(days),
        users.where(),
    )
    return source.read(query).cast(schema)


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
        f"{day}: {by_people:,} by people, {in_hours:,} in hours"
        for day, by_people, in_hours in rows
        if by_people != in_hours
    ]
    return len(rows), wrong


_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class KnownDays:
    """Days as the ledger and earlier nights know them.

    Attributes:
        loaded_at: the newest load of each loaded day.
        executions: how many executions each was loaded with.
        retired: the days whose executions are gone.
        mined: the days with statistics, and the load that these know of.
    """

    loaded_at: dict[date, datetime]
    executions: dict[date, int]
    retired: frozenset[date]
    mined: dict[date, datetime | None]

    def to_mine(self, wanted: Iterable[date], as_of: date, kept_days: int) -> list[date]:
        """The days to mine, in order.

        Beside the wanted days these are the days loaded since they were mined, and the days after
        either into which a session may run on. Days of which executions are gone keep the
        statistics they have, and so does the day after: its sessions may have begun on them.

        Args:
            wanted: the days asked for.
            as_of: the as-of date of the run; no day after it is mined.
            kept_days: how many days that end with it have statistics.
        """
        changed = {*wanted, *(day for day in self.loaded_at if self._is_new(day))}
        reached = {
            day + timedelta(days=offset) for day in changed for offset in range(READ_BACK_DAYS + 1)
        }
        oldest = as_of - timedelta(days=kept_days)
        return sorted(day for day in reached if oldest < day <= as_of and not self._is_kept(day))

    def _is_new(self, day: date) -> bool:
        return not self._is_kept(day) and self.mined.get(day) != self.loaded_at[day]

    def _is_kept(self, day: date) -> bool:
        return day in self.retired or (day in self.mined and day - _ONE_DAY in self.retired)


def known_days(source: Snapshot) -> KnownDays:
    """Read what is known of all days."""
    ledger = source.read(
        sql.SQL(
            "select execution_date, max(loaded_at) as loaded_at, "
            "sum(loaded_count + kept_count)::bigint as executions, "
            "bool_or(retired_at is not null) as retired "
            "from raw.load_ledger group by execution_date"
        )
    ).to_pylist()
    mined = source.read(
        sql.SQL("select execution_date, loaded_at from mining.mined_days")
    ).to_pylist()
    return KnownDays(
        loaded_at={row["execution_date"]: row["loaded_at"] for row in ledger},
        executions={row["execution_date"]: row["executions"] for row in ledger},
        retired=frozenset(row["execution_date"] for row in ledger if row["retired"]),
        mined={row["execution_date"]: row["loaded_at"] for row in mined},
    )
