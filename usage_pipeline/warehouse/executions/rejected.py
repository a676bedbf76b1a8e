"""Rows that could not be loaded, kept with where they stood, why, and their original text."""

from datetime import date

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.warehouse.copy import copy_batch

REJECTED = sql.Identifier("raw", "rejected_executions")


def clear(connection: psycopg.Connection, day: date, source: str) -> None:
    """Forget the rows an earlier load of this day and source rejected."""
    connection.execute(
        "delete from raw.rejected_executions where execution_date = %s and source = %s",
        [day, source],
    )


def forget(connection: psycopg.Connection, last: date) -> int:
    """Drop the rejected rows of days up to `last`; the ledger's counts stay."""
    return connection.execute(
        "delete from raw.rejected_executions where execution_date <= %s", [last]
    ).rowcount


def append(
    connection: psycopg.Connection,
    day: date,
    source: str,
    rows: pa.Table,
    before: int,
    kept: int,
) -> None:
    """Keep rejected rows up to `kept` of a day and source; note once that more followed.

    Args:
        connection: the load's transaction.
        day: the day the rows are charged to.
        source: the source's name.
        rows: execution_date, source, location, reason, original.
        before: rows of this load rejected before these.
        kept: the limit.
    """
    copy_batch(connection, REJECTED, rows.slice(0, max(0, kept - before)))
    if before < kept < before + rows.num_rows:
        connection.execute(
            "insert into raw.rejected_executions "
            "(execution_date, source, location, reason, original) values (%s, %s, %s, %s, '')",
            [day, source, "-", f"more rows were rejected; only the first {kept} are kept"],
        )
