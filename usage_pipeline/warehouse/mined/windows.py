"""The tables of windows and the insights: replaced as wholes, in the transaction of the caller."""

from collections.abc import Mapping

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.mining.insights.states import USAGE_INSIGHTS_SCHEMA
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch

INSIGHTS = sql.Identifier("mining", "usage_insights")


def replace_tables(connection: psycopg.Connection, tables: Mapping[str, pa.Table]) -> None:
    """Make these the rows of tables of schema `mining`; readers see the old until the commit."""
    for name, rows in tables.items():
        target = sql.Identifier("mining", name)
        connection.execute(sql.SQL("delete from {}").format(target))
        if target == INSIGHTS:
            _insert(connection, target, rows)
        else:
            copy_batch(connection, target, rows)


def hold_insights(connection: psycopg.Connection) -> None:
    """Let nobody change an insight until this transaction ends; everybody may read."""
    connection.execute(sql.SQL("lock table {} in share row exclusive mode").format(INSIGHTS))


def read_insights(source: Snapshot) -> pa.Table:
    """The insights so far, in `insight_states.USAGE_INSIGHTS_SCHEMA`."""
    columns = sql.SQL(", ").join(map(sql.Identifier, USAGE_INSIGHTS_SCHEMA.names))
    found = source.read(sql.SQL("select {} from {}").format(columns, INSIGHTS))
    return found.cast(USAGE_INSIGHTS_SCHEMA)


def _insert(connection: psycopg.Connection, target: sql.Identifier, rows: pa.Table) -> None:
    """Append rows to a table with row-level security, into which nobody but its owner may COPY."""
    copied = sql.Identifier("pg_temp", "copied_rows")
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.schema.names))
    connection.execute(
        sql.SQL("create temporary table copied_rows (like {}) on commit drop").format(target)
    )
    copy_batch(connection, copied, rows)
    connection.execute(
        sql.SQL("insert into {} ({c}) select {c} from {}").format(target, copied, c=columns)
    )
