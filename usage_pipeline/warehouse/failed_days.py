"""The days whose last load failed, each with its reason, until a later load of it works."""

from datetime import date

import psycopg


def note(connection: psycopg.Connection, day: date, reason: str) -> None:
    """Remember that a day could not be loaded; the newest reason is kept."""
    connection.execute(
        "insert into raw.failed_days (execution_date, reason) values (%s, %s) "
        "on conflict (execution_date) do update set reason = excluded.reason, "
        "failed_at = excluded.failed_at",
        [day, reason],
    )


def clear(connection: psycopg.Connection, day: date) -> None:
    """Forget that a day could not be loaded: now it was."""
    connection.execute("delete from raw.failed_days where execution_date = %s", [day])


def failed_days(
    connection: psycopg.Connection, first: date = date.min, last: date = date.max
) -> dict[date, str]:
    """The days from `first` to `last` whose last load failed, in order, with the reasons."""
    rows = connection.execute(
        "select execution_date, reason from raw.failed_days "
        "where execution_date between %s and %s order by execution_date",
        [first, last],
    ).fetchall()
    return dict(rows)
