"""Retires days: their executions become aggregates that say the same, and are dropped.

One transaction a day: add to the aggregates, prove that they account for every execution, note the
ids, detach and drop the partition. An execution that is still open stays in its day's partition
until it ends or `unfinished_days` have passed, so that its final state can still be counted.
"""

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.copies import merge_copies
from usage_pipeline.warehouse.executions.partition import (
    create_stage,
    drop_partition,
    index_stage,
    partition_of,
    swap,
)
from usage_pipeline.warehouse.executions.retired_aggregates import aggregate
from usage_pipeline.warehouse.locks import lock_day


@dataclass(frozen=True)
class RetiredDay:
    """What retiring one day did.

    Attributes:
        day: the execution date.
        retired: executions counted into the aggregates and dropped now.
        still_open: executions that stay because they have not ended.
    """

    day: date
    retired: int
    still_open: int


def days_to_retire(connection: psycopg.Connection, last: date) -> list[date]:
    """The days up to `last` that still have executions or an empty partition, in order."""
    rows = connection.execute(
        """
        select execution_date
        from raw.load_ledger
        where execution_date <= %s
            and to_regclass(
                'raw.workflow_executions_simple_' || to_char(execution_date, 'YYYYMMDD')
            ) is not null
        group by execution_date
        order by execution_date
        """,
        [last],
    ).fetchall()
    return [row[0] for row in rows]


def retire_day(warehouse: Warehouse, day: date, *, as_of: date, unfinished_days: int) -> RetiredDay:
    """Retire one day; doing it again, or beside another run, changes nothing more.

    Args:
        warehouse: where.
        day: the execution date.
        as_of: the last complete day; decides how long open executions are waited for.
        unfinished_days: how many days after its own an execution may end and still be counted so.

    Raises:
        RuntimeError: the aggregates do not account for every execution; nothing was changed.
    """
    waits = (as_of - day).days < unfinished_days
    with warehouse.connect() as connection:
        lock_day(connection, day)
        old = partition_of(connection, day)
        if old is None:
            return RetiredDay(day, 0, 0)
        chosen = sql.SQL("status <> 'started'" if waits else "true")
        retired, still_open = _counts(connection, old, chosen)
        if retired:
            aggregate(connection, day, old, chosen)
            _note_ids(connection, old, chosen)
        _mark(connection, day, old, chosen)
        if still_open == 0:
            drop_partition(connection, day, old, warehouse.lock_timeout)
        elif retired:
            stage = create_stage(connection, day)
            connection.execute(
                sql.SQL("insert into {} select * from {} where not ({})").format(stage, old, chosen)
            )
            merge_copies(connection, stage, day)
            index_stage(connection, day)
            swap(connection, day, old, warehouse.lock_timeout)
    return RetiredDay(day, retired, still_open)


def forget_retired_ids(warehouse: Warehouse, last: date) -> int:
    """Drop the ids of days up to `last`; afterwards nothing can be loaded for those days.

    The ledger says so of each.
    """
    with warehouse.connect() as connection:
        connection.execute(
            "update raw.load_ledger as ledger set ids_forgotten_at = current_timestamp "
            "where execution_date <= %s and ids_forgotten_at is null and exists ("
            "select from raw.retired_executions as known "
            "where known.execution_date = ledger.execution_date)",
            [last],
        )
        return connection.execute(
            "delete from raw.retired_executions where execution_date <= %s", [last]
        ).rowcount


def drop_already_retired(
    connection: psycopg.Connection, stage: sql.Identifier, day: date
) -> dict[str, int]:
    """Take out of a stage what the day's retirement has counted; return the rows by source.

    Raises:
        UsageError: the day was retired and its ids are no longer kept.
    """
    row = connection.execute(
        """
        select coalesce(sum(retired_count), 0) > 0
            and not exists (select from raw.retired_executions where execution_date = %(day)s)
        from raw.load_ledger where execution_date = %(day)s
        """,
        {"day": day},
    ).fetchone()
    if row is not None and row[0]:
        raise UsageError(
            f"{day} was retired so long ago that the ids of its executions are gone "
            "(USAGE_RETIRED_IDS_DAYS): a late execution can no longer be told from a counted one, "
            "so nothing was loaded for it."
        )
    dropped = connection.execute(
        sql.SQL(
            "with counted as (delete from {stage} as late using raw.retired_executions as known "
            "where known.execution_date = {day} and known.id = late.id "
            "and known.source = late.source returning late.source) "
            "select source, count(*) from counted group by source"
        ).format(stage=stage, day=sql.Literal(day))
    ).fetchall()
    return dict(dropped)


def is_retired(connection: psycopg.Connection, day: date) -> bool:
    """Whether executions of the day were retired."""
    row = connection.execute(
        "select exists (select from raw.load_ledger "
        "where execution_date = %s and retired_at is not null)",
        [day],
    ).fetchone()
    return bool(row and row[0])


def _counts(
    connection: psycopg.Connection, old: sql.Identifier, chosen: sql.SQL
) -> tuple[int, int]:
    row = connection.execute(
        sql.SQL(
            "select count(*) filter (where {chosen}), count(*) filter (where not ({chosen})) "
            "from {old}"
        ).format(old=old, chosen=chosen)
    ).fetchone()
    return (0, 0) if row is None else (row[0], row[1])


def _note_ids(connection: psycopg.Connection, old: sql.Identifier, chosen: sql.SQL) -> None:
    connection.execute(
        sql.SQL(
            "insert into raw.retired_executions (execution_date, id, source) "
            "select execution_date, id, source from {} where {}"
        ).format(old, chosen)
    )


def _mark(connection: psycopg.Connection, day: date, old: sql.Identifier, chosen: sql.SQL) -> None:
    connection.execute(
        sql.SQL(
            "with counted as ("
            "select source, count(*) as executions from {} where {} group by source) "
            "update raw.load_ledger as ledger set "
            "retired_at = coalesce(ledger.retired_at, current_timestamp), "
            "retired_count = ledger.retired_count + coalesce(("
            "select executions from counted where counted.source = ledger.source), 0) "
            "where ledger.execution_date = {}"
        ).format(old, chosen, sql.Literal(day))
    )
