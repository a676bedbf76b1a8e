"""Which loads the marts know of: a loaded day that they do not know is to be built again."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import psycopg

# A run builds again what its load changed so near its days. Copies that claim days further apart
# are rare, and the schedule builds what they changed.
_NEARBY: Final = timedelta(days=7)


def loads(
    connection: psycopg.Connection, first: date = date.min, last: date = date.max
) -> dict[date, datetime]:
    """The newest load of each loaded day from `first` to `last`, in order."""
    rows = connection.execute(
        "select execution_date, max(loaded_at) from raw.load_ledger "
        "where execution_date between %s and %s group by execution_date order by execution_date",
        [first, last],
    ).fetchall()
    return dict(rows)


def note(connection: psycopg.Connection, built: Mapping[date, datetime]) -> None:
    """Remember that the marts know these loads.

    Args:
        connection: commits or not.
        built: the loads as they were before the marts were built: one that came in between is not
            known to them for certain.
    """
    connection.execute(
        "insert into raw.built_days (execution_date, loaded_at) "
        "select * from unnest(%s::date[], %s::timestamptz[]) on conflict (execution_date) "
        "do update set loaded_at = excluded.loaded_at, built_at = excluded.built_at",
        [list(built), list(built.values())],
    )


def unbuilt_loads(connection: psycopg.Connection, first: date, last: date) -> dict[date, datetime]:
    """The loads from `first` to `last` that the marts do not know, in order of their days."""
    built: dict[date, datetime] = dict(
        connection.execute(
            "select execution_date, loaded_at from raw.built_days "
            "where execution_date between %s and %s",
            [first, last],
        ).fetchall()
    )
    loaded = loads(connection, first, last)
    return {day: loaded_at for day, loaded_at in loaded.items() if built.get(day) != loaded_at}


def with_changed_days(
    connection: psycopg.Connection, first: date, last: date, as_of: date
) -> tuple[date, date]:
    """The span to build: `first` to `last`, and nearby days that changed since they were built.

    An execution whose copies claim two days moves when a load brings the earlier copy, and the day
    that loses it was built before.
    """
    rows = connection.execute(
        "select min(execution_date), max(execution_date) from ("
        "select ledger.execution_date from raw.load_ledger as ledger "
        "inner join raw.built_days as built using (execution_date) "
        "where ledger.execution_date between %s and %s "
        "group by ledger.execution_date, built.loaded_at "
        "having max(ledger.loaded_at) <> built.loaded_at) as changed",
        [first - _NEARBY, min(last + _NEARBY, max(as_of, last))],
    ).fetchone()
    earliest, latest = rows or (None, None)
    return min(first, earliest or first), max(last, latest or last)
