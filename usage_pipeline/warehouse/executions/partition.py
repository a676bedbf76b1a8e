"""The partitions of raw executions: one a day, made beside the table and swapped in.

Functions of the database change tables, because the loader owns none of them.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.locks import lock_partition

EXECUTIONS = sql.Identifier("raw", "workflow_executions_simple")
DELIVERED_COLUMNS: Final = (
    "id", "user_id", "workflow_id", "start_time", "end_time", "status", "trigger_type",
    "error_message", "input_size", "output_size", "cost", "execution_date", "source",
    "source_id", "attempt", "source_status", "updated_at", "queued_at", "error_class",
)  # fmt: skip
EXECUTION_COLUMNS: Final = (*DELIVERED_COLUMNS, "created_at")


def listed(columns: Sequence[str], relation: str | None = None) -> sql.Composed:
    """Columns as a query lists them."""
    prefix = () if relation is None else (relation,)
    return sql.SQL(", ").join(sql.Identifier(*prefix, column) for column in columns)


def partition_name(day: date) -> str:
    """The name of a day's partition, without its schema."""
    return f"workflow_executions_simple_{day:%Y%m%d}"


def partition_of(connection: psycopg.Connection, day: date) -> sql.Identifier | None:
    """The day's partition, or None when there is none."""
    row = connection.execute(
        "select 1 from pg_inherits where inhparent = 'raw.workflow_executions_simple'::regclass "
        "and inhrelid = to_regclass(%s)",
        [f"raw.{partition_name(day)}"],
    ).fetchone()
    return None if row is None else sql.Identifier("raw", partition_name(day))


def create_stage(connection: psycopg.Connection, day: date) -> sql.Identifier:
    """Make an empty table with the columns and checks of a partition of `day`, without a key."""
    connection.execute("select raw.create_stage(%s)", [day])
    return sql.Identifier("raw", f"{partition_name(day)}_stage")


def key_stage(connection: psycopg.Connection, day: date) -> None:
    """Give a stage its key.

    Raises:
        UniqueViolation: it has copies of an execution.
    """
    connection.execute("select raw.key_stage(%s)", [day])


def unkey_stage(connection: psycopg.Connection, day: date) -> None:
    """Take its key from a stage."""
    connection.execute("select raw.unkey_stage(%s)", [day])


def index_stage(connection: psycopg.Connection, day: date) -> None:
    """Give a full stage the specification's index and statistics."""
    connection.execute("select raw.index_stage(%s)", [day])


def drop_partition(
    connection: psycopg.Connection, day: date, old: sql.Identifier, lock_timeout: float
) -> None:
    """Take a day's partition out of the table and drop it, waiting politely for readers."""
    lock_partition(connection, EXECUTIONS, old, lock_timeout)
    connection.execute("select raw.drop_partition(%s)", [day])


def swap(
    connection: psycopg.Connection,
    day: date,
    old: sql.Identifier | None,
    lock_timeout: float,
) -> None:
    """Make the stage of a day its partition, in place of `old`."""
    if old is not None:
        lock_partition(connection, EXECUTIONS, old, lock_timeout)
    connection.execute("select raw.swap_stage(%s)", [day])


def ensure_partition(connection: psycopg.Connection, day: date, lock_timeout: float) -> None:
    """Make an empty partition of a day that has none, such as a retired one."""
    if partition_of(connection, day) is None:
        lock_partition(connection, EXECUTIONS, EXECUTIONS, lock_timeout)
        connection.execute("select raw.create_partition(%s)", [day])
