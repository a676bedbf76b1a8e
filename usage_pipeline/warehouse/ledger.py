"""Reads the ledger: which days are loaded, and whether every row is accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class DayState:
    """One loaded day as every layer sees it.

    Attributes:
        day: the execution date.
        read: rows its sources gave, in the last load of each.
        loaded: of these, executions that the day holds.
        rejected: of these, rows that could not be loaded.
        duplicates: of these, further copies of an execution.
        kept: executions of the day that the last loads did not mention.
        corrected: retired executions that the last loads counted anew, differently.
        conflicts: copies of the last loads that name another user than the one that stands.
        in_raw: executions in the day's partition now.
        retired: executions whose partition was retired.
        late: executions that arrived after the day was first retired, over all loads.
        in_marts: executions the daily mart counts, or None before the mart is built.
        loaded_at: when the last of its sources was loaded.
    """

    day: date
    read: int
    loaded: int
    rejected: int
    duplicates: int
    kept: int
    corrected: int
    conflicts: int
    in_raw: int
    retired: int
    late: int
    in_marts: int | None
    loaded_at: datetime

    @property
    def is_rolled_up(self) -> bool:
        """Whether the marts count exactly what raw and retired hold."""
        return self.in_marts == self.in_raw + self.retired


_STATES = """
with counted as (
    select execution_date, count(*) as in_raw
    from raw.workflow_executions_simple
    where execution_date between %(first)s and %(last)s
    group by execution_date
)
select
    ledger.execution_date as day,
    sum(ledger.read_count)::bigint as read,
    sum(ledger.loaded_count)::bigint as loaded,
    sum(ledger.rejected_count)::bigint as rejected,
    sum(ledger.duplicate_count)::bigint as duplicates,
    sum(ledger.kept_count)::bigint as kept,
    sum(ledger.corrected_count)::bigint as corrected,
    sum(ledger.conflict_count)::bigint as conflicts,
    coalesce(min(counted.in_raw), 0) as in_raw,
    sum(ledger.retired_count)::bigint as retired,
    sum(ledger.late_count)::bigint as late,
    null::bigint as in_marts,
    max(ledger.loaded_at) as loaded_at
from raw.load_ledger as ledger
left join counted using (execution_date)
where ledger.execution_date between %(first)s and %(last)s
group by ledger.execution_date
order by ledger.execution_date
"""

_MART_COUNTS = """
select execution_date, sum(total_executions)::bigint
from marts.workflow_daily_usage
where execution_date between %s and %s
group by execution_date
"""


def day_states(
    connection: psycopg.Connection, first: date = date.min, last: date = date.max
) -> list[DayState]:
    """The loaded days from `first` to `last`, in order."""
    states = raw_states(connection, first, last)
    table = connection.execute("select to_regclass('marts.workflow_daily_usage')").fetchone()
    if table is None or table[0] is None:
        return states
    in_marts: dict[date, int] = dict(connection.execute(_MART_COUNTS, [first, last]).fetchall())
    return [DayState(**{**vars(state), "in_marts": in_marts.get(state.day, 0)}) for state in states]


def raw_states(
    connection: psycopg.Connection, first: date = date.min, last: date = date.max
) -> list[DayState]:
    """The same without what the marts hold, which a loader may not see."""
    with connection.cursor(row_factory=class_row(DayState)) as cursor:
        return cursor.execute(_STATES, {"first": first, "last": last}).fetchall()


def loaded_days(connection: psycopg.Connection) -> list[date]:
    """All days in the ledger, in order."""
    rows = connection.execute(
        "select distinct execution_date from raw.load_ledger order by execution_date"
    ).fetchall()
    return [row[0] for row in rows]


def days_of_source(
    connection: psycopg.Connection, source: str, first: date, last: date
) -> list[date]:
    """The days from `first` to `last` that were loaded from a source, in order."""
    rows = connection.execute(
        "select execution_date from raw.load_ledger "
        "where source = %s and execution_date between %s and %s order by execution_date",
        [source, first, last],
    ).fetchall()
    return [row[0] for row in rows]


def days_with_open_executions(
    connection: psycopg.Connection, sources: Sequence[str], first: date, last: date
) -> list[date]:
    """The days from `first` to `last` with executions of these sources that have not ended."""
    rows = connection.execute(
        "select distinct execution_date from raw.workflow_executions_simple "
        "where execution_date between %s and %s and status = 'started' and source = any(%s) "
        "order by execution_date",
        [first, last, list(sources)],
    ).fetchall()
    return [row[0] for row in rows]


def last_loaded_day(connection: psycopg.Connection) -> date | None:
    """The newest day in the ledger, whether the marts know it or not."""
    row = connection.execute("select max(execution_date) from raw.load_ledger").fetchone()
    return None if row is None else row[0]


def unaccounted(connection: psycopg.Connection, days: Sequence[date]) -> list[str]:
    """Say, for each day and source whose partition disagrees with the ledger, how it does."""
    rows = connection.execute(
        """
        with counted as (
            select execution_date, source, count(*) as executions
            from raw.workflow_executions_simple
            where execution_date = any(%(days)s)
            group by execution_date, source
        ),
        expected as (
            select execution_date, source, read_count,
                loaded_count + kept_count as held, retired_count,
                loaded_count + rejected_count + duplicate_count as explained
            from raw.load_ledger
            where execution_date = any(%(days)s)
        )
        select execution_date, source, read_count, explained, held,
            coalesce(executions, 0) + retired_count
        from expected left join counted using (execution_date, source)
        where coalesce(executions, 0) + retired_count <> held or read_count <> explained
        order by execution_date, source
        """,
        {"days": list(days)},
    ).fetchall()
    return [
        f"{day} {source}: read {read}, explained {explained}, held {held}, in the day {executions}"
        for day, source, read, explained, held, executions in rows
    ]


def recent_volume(connection: psycopg.Connection, day: date) -> tuple[int, float | None]:
    """Executions of `day`, and the median of the same weekday in the four weeks before.

    The median is None when fewer than two such days are loaded.
    """
    row = connection.execute(
        """
        with daily as (
            select execution_date,
                sum(loaded_count + kept_count) as executions
            from raw.load_ledger
            where execution_date = any(
                array[%(day)s::date, %(day)s::date - 7, %(day)s::date - 14,
                      %(day)s::date - 21, %(day)s::date - 28]
            )
            group by execution_date
        )
        select
            coalesce(sum(executions) filter (where execution_date = %(day)s), 0)::bigint,
            case when count(*) filter (where execution_date < %(day)s) >= 2 then
                percentile_cont(0.5) within group (order by executions)
                    filter (where execution_date < %(day)s)
            end
        from daily
        """,
        {"day": day},
    ).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])


@dataclass(frozen=True)
class Totals:
    """The ledger summed over all days."""

    days: int
    first: date | None
    last: date | None
    executions: int
    rejected: int


def totals(connection: psycopg.Connection) -> Totals:
    """Sum the ledger."""
    with connection.cursor(row_factory=class_row(Totals)) as cursor:
        built = cursor.execute(
            "select count(distinct execution_date) as days, min(execution_date) as first, "
            "max(execution_date) as last, "
            "(coalesce(sum(retired_count), 0) + "
            "(select count(*) from raw.workflow_executions_simple))::bigint as executions, "
            "coalesce(sum(rejected_count), 0)::bigint as rejected from raw.load_ledger"
        ).fetchone()
    if built is None:
        raise RuntimeError("an aggregate without groups gave no row")
    return built


@dataclass(frozen=True)
class Built:
    """The last build.

    Attributes:
        as_of: the as-of date of the marts.
        run: when Dagster's last run ended and how, or None where none is recorded.
    """

    as_of: date
    run: str | None


def last_built(connection: psycopg.Connection) -> Built | None:
    """The as-of date of the marts and Dagster's last run, or None before the first build."""
    tables = connection.execute(
        "select to_regclass('marts.warehouse_as_of'), to_regclass('dagster.runs')"
    ).fetchone()
    if tables is None or tables[0] is None:
        return None
    row = connection.execute("select as_of_date from marts.warehouse_as_of").fetchone()
    if row is None:
        return None
    run = None
    if tables[1] is not None:
        last = connection.execute(
            "select pipeline_name, lower(status), "
            "to_char(update_timestamp, 'YYYY-MM-DD HH24:MI') || ' UTC' "
            "from dagster.runs order by id desc limit 1"
        ).fetchone()
        run = None if last is None else f"{last[0]} {last[1]}, {last[2]}"
    return Built(row[0], run)


def as_of_day(connection: psycopg.Connection, days: Sequence[date]) -> date | None:
    """The as-of date of a run over `days`: the newest of them and of what the marts are as of.

    Not the newest loaded day: one whose marts were never built would be said to be counted.

    Args:
        connection: reads only.
        days: the days that the run builds; without any it keeps the as-of date that there is.

    Returns:
        None where no day is loaded.
    """
    built = last_built(connection)
    days_known = [*days, *([] if built is None else [built.as_of])]
    return max(days_known) if days_known else last_loaded_day(connection)
