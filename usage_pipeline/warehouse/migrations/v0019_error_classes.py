"""Executions that are stored with their messages get their error classes."""

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.sources.conform.error_classes import masked

_TABLES = ("workflow_executions_simple", "scattered_copies", "retired_copies")
_MESSAGES_AT_ONCE = 20_000


def prepare(connection: psycopg.Connection) -> None:
    """Add the column and fill it, before the SQL file of this version runs."""
    for name in _TABLES:
        table = sql.Identifier("raw", name)
        connection.execute(
            sql.SQL("alter table {} add column if not exists error_class text").format(table)
        )
        with connection.cursor(name="messages") as cursor:
            cursor.execute(
                sql.SQL(
                    "select distinct error_message from {} "
                    "where status = 'failed' and error_message is not null"
                ).format(table)
            )
            messages = [row[0] for row in cursor]
        for first in range(0, len(messages), _MESSAGES_AT_ONCE):
            part = messages[first : first + _MESSAGES_AT_ONCE]
            connection.execute(
                sql.SQL(
                    "update {} as stored set error_class = masked.error_class "
                    "from unnest(%s::text[], %s::text[]) as masked (error_message, error_class) "
                    "where stored.error_message = masked.error_message and status = 'failed'"
                ).format(table),
                [part, masked(pa.array(part, pa.string())).to_pylist()],
            )
