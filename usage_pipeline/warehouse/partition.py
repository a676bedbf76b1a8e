"""The partitions of raw executions: one a day, made beside the table and swapped in."""

from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.locks import lock_partition

EXECUTIONS = sql.Identifier("raw", "workflow_executions_simple")
_PATTERN = sql.Identifier("raw", "staged_executions")


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
    """Make an empty table with the columns and checks of a partition of `day`.

    It has no key yet: rows are copied faster, and copies of one execution merged, without.
    """
    stage = sql.Identifier("raw", f"{partition_name(day)}_stage")
    connection.execute(
        sql.SQL(
            "create table {stage} (like {pattern} including defaults including constraints, "
            # With this check in place, attaching needs no scan of the rows.
            "constraint one_day check (execution_date = {day}))"
        ).format(stage=stage, pattern=_PATTERN, day=sql.Literal(day))
    )
    return stage


def index_stage(connection: psycopg.Connection, stage: sql.Identifier) -> None:
    """Give a full stage the specification's index and statistics."""
    connection.execute(sql.SQL("create index on {} (user_id, start_time desc)").format(stage))
    connection.execute(sql.SQL("analyze {}").format(stage))


def drop_partition(
    connection: psycopg.Connection, old: sql.Identifier, lock_timeout: float
) -> None:
    """Take a partition out of the table and drop it, waiting politely for readers."""
    lock_partition(connection, EXECUTIONS, old, lock_timeout)
    connection.execute(sql.SQL("alter table {} detach partition {}").format(EXECUTIONS, old))
    connection.execute(sql.SQL("drop table {}").format(old))


def swap(
    connection: psycopg.Connection,
    day: date,
    stage: sql.Identifier,
    old: sql.Identifier | None,
    lock_timeout: float,
) -> None:
    """Make a stage the day's partition, in place of `old`."""
    if old is not None:
        drop_partition(connection, old, lock_timeout)
    connection.execute(
        sql.SQL("alter table {} rename to {}").format(stage, sql.Identifier(partition_name(day)))
    )
    connection.execute(
        sql.SQL(
            "alter table {parent} attach partition {part} for values from ({day}) to ({next})"
        ).format(
            parent=EXECUTIONS,
            part=sql.Identifier("raw", partition_name(day)),
            day=sql.Literal(day),
            next=sql.Literal(date.fromordinal(day.toordinal() + 1)),
        )
    )
