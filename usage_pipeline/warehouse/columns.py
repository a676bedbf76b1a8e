"""Columns out of Postgres as Arrow, by ADBC: all reads of a block see the warehouse at one instant.

The way in is `copy`. Types are those that mining works with: ids and JSON are text, numbers of any
precision are floating point.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from psycopg import sql

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.identity import uuid_text
from usage_pipeline.warehouse.connection import Warehouse

_UUID_BYTES = 16


class Snapshot:
    """The warehouse as it was when the first of these reads began."""

    def __init__(self, cursor: dbapi.Cursor) -> None:
        """Read with a cursor of a transaction that sees one state of everything."""
        self._cursor = cursor

    def read(self, query: sql.Composable) -> pa.Table:
        """The rows of a query; its values are literals in it."""
        self._cursor.execute(query.as_string(None))
        table = self._cursor.fetch_arrow_table()
        columns = {name: plain(table[name]) for name in table.schema.names}
        return pa.table(columns) if columns else table


@contextmanager
def snapshot(warehouse: Warehouse) -> Iterator[Snapshot]:
    """Open a transaction that only reads.

    Raises:
        WarehouseUnavailableError: the server is not there, or went away.
    """
    # The same sentences as everywhere for a server that is not there or refuses us.
    with warehouse.connect():
        pass
    try:
        with dbapi.connect(warehouse.conninfo()) as connection, connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read read only")
            # Before the snapshot is taken: a day that is swapped or retired between it and the
            # first read of the executions would be found empty.
            cursor.execute("lock table raw.workflow_executions_simple in access share mode")
            yield Snapshot(cursor)
            connection.rollback()
    except dbapi.OperationalError as error:
        raise WarehouseUnavailableError(
            f"Reading from the warehouse at {warehouse.address} failed: nothing of this step was "
            "kept; run it again."
        ) from error


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without the types that only databases have."""
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return pa.chunked_array([_ids(chunk.storage) for chunk in column.chunks], pa.string())
    if pa.types.is_list(kind) and isinstance(kind.value_type, pa.UuidType):
        lists = [_id_lists(chunk) for chunk in column.chunks]
        return pa.chunked_array(lists, pa.list_(pa.field("item", pa.string())))
    if isinstance(kind, pa.JsonType):
        return column.cast(pa.string())
    if isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric":
        numbers = [chunk.storage.cast(pa.float64()) for chunk in column.chunks]
        return pa.chunked_array(numbers, pa.float64())
    return column


def _ids(packed: pa.FixedSizeBinaryArray) -> pa.Array:
    """UUIDs as text; each distinct one is written once."""
    distinct = packed.dictionary_encode()
    return _text(distinct.dictionary).take(distinct.indices)


def _text(packed: pa.FixedSizeBinaryArray) -> pa.Array:
    data = np.frombuffer(packed.buffers()[1], np.uint8, len(packed) * _UUID_BYTES)
    return uuid_text(data.reshape(-1, _UUID_BYTES))


def _id_lists(chunk: Any) -> pa.Array:
    absent = chunk.is_null() if chunk.null_count else None
    return pa.ListArray.from_arrays(chunk.offsets, _ids(chunk.values.storage), mask=absent)
