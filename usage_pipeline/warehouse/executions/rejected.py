"""Rows that could not be loaded, kept with where they stood, why, and their original text."""

from collections import Counter
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Dropped:
    """Loaded rows that were dropped again, by day and source.

    Attributes:
        duplicates: those that say nothing that is not known.
        refused: those that were rejected.
    """

    duplicates: Counter[tuple[date, str]] = field(default_factory=Counter)
    refused: Counter[tuple[date, str]] = field(default_factory=Counter)


# The columns of an execution stand for the row's text: what its file said is gone by now.
_DROP = """
{with_dropped},
refused as (
    insert into raw.rejected_executions (execution_date, source, location, reason, original)
    select execution_date, source, 'execution ' || source_id, {reason},
        (to_jsonb(dropped) - 'is_refused')::text
    from dropped where is_refused
    order by source, id, start_time
    limit {kept}
)
select execution_date, source, is_refused, count(*)
from dropped group by execution_date, source, is_refused
"""


def drop_rows(
    connection: psycopg.Connection,
    with_dropped: sql.Composable,
    reason: sql.Composable,
    kept: int,
) -> Dropped:
    """Drop rows that were loaded already, and reject those of them that are to be refused.

    Args:
        connection: the load's transaction.
        with_dropped: table expressions; the last one, `dropped`, gives columns of executions and
            `is_refused`.
        reason: why a row is refused, as an expression on `dropped`.
        kept: how many of them are kept with what they say.
    """
    statement = sql.SQL(_DROP).format(
        with_dropped=with_dropped, reason=reason, kept=sql.Literal(kept)
    )
    dropped = Dropped()
    for day, source, is_refused, count in connection.execute(statement).fetchall():
        (dropped.refused if is_refused else dropped.duplicates)[day, source] += count
    return dropped
