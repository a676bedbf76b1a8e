"""Reads the catalogue of the database about any table. Other modules know what tables mean."""

from collections.abc import Sequence
from datetime import date

import psycopg
from psycopg import sql


def row_count(connection: psycopg.Connection, schema: str, name: str) -> int | None:
    """The rows of a table; None of a view, which would have to be computed, and of no table."""
    kind = connection.execute(
        "select relkind from pg_class where relname = %s and relnamespace = to_regnamespace(%s)",
        [name, schema],
    ).fetchone()
    if kind is None or kind[0] not in ("r", "p"):
        return None
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    return None if row is None else int(row[0])


def rows_of_days(
    connection: psycopg.Connection, schema: str, name: str, *, column: str, days: Sequence[date]
) -> dict[date, int]:
    """The rows of each of these days by a column; days without rows are left out."""
    rows = connection.execute(
        sql.SQL("select {0}, count(*) from {1} where {0} = any(%s) group by {0}").format(
            sql.Identifier(column), sql.Identifier(schema, name)
        ),
        [list(days)],
    ).fetchall()
    return dict(rows)
