"""The tables of windows and the insights: replaced as wholes, in the transaction of the caller."""

from collections.abc import Iterable, Mapping

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.mining.insights.states import USAGE_INSIGHTS_SCHEMA
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.mined.blocks import EVERYBODY, UserBlock

INSIGHTS = sql.Identifier("mining", "usage_insights")


WINDOWS = (
    "workflow_sequences",
    "workflow_sequence_windows",
    "workflow_subsequences",
    "popular_sequences",
    "usage_patterns",
)
"""The tables of schema `mining` that windows fill, but the insights."""


def clear_windows(connection: psycopg.Connection) -> None:
    """Make the tables of windows empty; readers see the old rows until the commit."""
    for name in WINDOWS:
        target = sql.Identifier("mining", name)
        connection.execute(sql.SQL("delete from {}").format(target))


def add_rows(connection: psycopg.Connection, tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Append rows to tables of windows; return how many."""
    return {
        name: copy_batch(connection, sql.Identifier("mining", name), rows)
        for name, rows in tables.items()
    }


def hold_insights(connection: psycopg.Connection) -> None:
    """Let nobody change an insight until this transaction ends; everybody may read."""
    connection.execute(sql.SQL("lock table {} in share row exclusive mode").format(INSIGHTS))


def read_insights(source: Snapshot, users: UserBlock = EVERYBODY) -> pa.Table:
    """The insights so far, in `states.USAGE_INSIGHTS_SCHEMA`."""
    columns = sql.SQL(", ").join(map(sql.Identifier, USAGE_INSIGHTS_SCHEMA.names))
    query = sql.SQL("select {} from {} where {}").format(columns, INSIGHTS, users.where())
    return source.read(query).cast(USAGE_INSIGHTS_SCHEMA)


def replace_insights(connection: psycopg.Connection, blocks: Iterable[pa.Table]) -> int:
    """Make these rows of blocks of users the insights; return how many."""
    # Nobody but its owner may COPY into a table with row-level security.
    copied = sql.Identifier("pg_temp", "copied_rows")
    connection.execute(sql.SQL("delete from {}").format(INSIGHTS))
    connection.execute(
        sql.SQL("create temporary table copied_rows (like {}) on commit drop").format(INSIGHTS)
    )
    rows = sum(copy_batch(connection, copied, block) for block in blocks)
    columns = sql.SQL(", ").join(map(sql.Identifier, USAGE_INSIGHTS_SCHEMA.names))
    connection.execute(
        sql.SQL("insert into {} ({c}) select {c} from {}").format(INSIGHTS, copied, c=columns)
    )
    return rows
