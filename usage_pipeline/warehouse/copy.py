"""Columns into Postgres by COPY: Arrow batches as binary rows or CSV, never row by row."""

from collections.abc import Iterator, Mapping

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from usage_pipeline.warehouse import binary_rows

# Bounds the memory of the rows being written; the server takes some while the next are made.
_BYTES_AT_ONCE = 4 << 20


def copy_batch(
    connection: psycopg.Connection, table: sql.Composable, batch: pa.RecordBatch | pa.Table
) -> int:
    """Append a batch to a table whose columns are named like the batch's; return the rows."""
    if batch.num_rows == 0:
        return 0
    if isinstance(batch, pa.RecordBatch):
        batch = pa.Table.from_batches([batch])
    types = _column_types(connection, table)
    is_binary = binary_rows.can_write(batch.schema, types)
    statement = sql.SQL("copy {} ({}) from stdin (format {})").format(
        table,
        sql.SQL(", ").join(map(sql.Identifier, batch.schema.names)),
        sql.SQL("binary" if is_binary else "csv"),
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in _binary(batch, types) if is_binary else _csv(batch):
                copy.write(block)
        return cursor.rowcount


def _binary(batch: pa.Table, types: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    yield binary_rows.HEADER
    for part in _parts(batch):
        yield memoryview(binary_rows.rows(part, types))
    yield binary_rows.TRAILER


def _csv(batch: pa.Table) -> Iterator[memoryview]:
    # An empty string is written quoted and a null is not, which is how COPY tells them apart.
    for part in _parts(batch):
        buffer = pa.BufferOutputStream()
        csv.write_csv(part, buffer, csv.WriteOptions(include_header=False))
        yield memoryview(buffer.getvalue())


def _parts(batch: pa.Table) -> Iterator[pa.Table]:
    at_once = max(1, batch.num_rows * _BYTES_AT_ONCE // max(1, batch.nbytes))
    for first in range(0, batch.num_rows, at_once):
        yield batch.slice(first, at_once)


def _column_types(connection: psycopg.Connection, table: sql.Composable) -> dict[str, str]:
    rows = connection.execute(
        "select attname, format_type(atttypid, null) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped",
        [table.as_string(connection)],
    ).fetchall()
    return dict(rows)
