"""Retires days: their executions become aggregates that say the same, and are dropped.

One transaction a day: add to the aggregates, prove that they account for every execution, note the
ids, detach and drop the partition. An execution that is still open stays in its day's partition
until it ends or `unfinished_days` have passed, so that its final state can still be counted.
"""

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.copies import content_hash
from usage_pipeline.warehouse.executions.partition import (
    create_stage,
    drop_partition,
    index_stage,
    key_stage,
    partition_of,
    swap,
)
from usage_pipeline.warehouse.executions.retired_aggregates import aggregate
from usage_pipeline.warehouse.locks import lock_days, lock_stage


@dataclass(frozen=True)
class RetiredDay:
    """The result of retiring one day.

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
        lock_stage(connection, day)
        lock_days(connection, [day])
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
            key_stage(connection, day)
            index_stage(connection, day)
            swap(connection, day, old, warehouse.lock_timeout)
    return RetiredDay(day, retired, still_open)


def forget_retired_ids(warehouse: Warehouse, last: date) -> int:
    """Drop the ids of days up to `last` that were loaded last by then.

    Afterwards a source of such a day can only be counted anew as a whole. The ledger says so of
    each.
    """
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select execution_date from raw.load_ledger where execution_date <= %(last)s "
            "group by execution_date having max(loaded_at) < %(last)s::date + 1",
            {"last": last},
        ).fetchall()
        days = [row[0] for row in rows]
        connection.execute(
            "update raw.load_ledger as ledger set ids_forgotten_at = current_timestamp "
            "where execution_date = any (%s) and ids_forgotten_at is null and exists ("
            "select from raw.retired_executions as known "
            "where known.execution_date = ledger.execution_date "
            "and known.source = ledger.source)",
            [days],
        )
        connection.execute(
            "delete from raw.retired_workflows where execution_date = any (%s)", [days]
        )
        connection.execute(
            "delete from raw.retired_copies where (id, source) in ("
            "select id, source from raw.retired_executions where execution_date = any (%s))",
            [days],
        )
        return connection.execute(
            "delete from raw.retired_executions where execution_date = any (%s)", [days]
        ).rowcount


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
    """Remember of each execution what tells a copy of it, and of workflows whose they were."""
    for statement in (
        "insert into raw.retired_executions (execution_date, id, source, start_time, status, "
        "updated_at, content_hash) select execution_date, id, source, start_time, status, "
        "updated_at, {content} from {old} as retiring where {chosen}",
        "insert into raw.retired_workflows as known (execution_date, source, workflow_id, "
        "execution_count) select execution_date, source, workflow_id, count(*) from {old} "
        "where {chosen} group by execution_date, source, workflow_id "
        "on conflict (execution_date, source, workflow_id) do update "
        "set execution_count = known.execution_count + excluded.execution_count",
        # A counted execution stays on its day, whatever copies say, until the day is counted anew.
        "with counted as (delete from raw.scattered_copies where (id, source) in ("
        "select id, source from {old} where {chosen}) returning *) "
        "insert into raw.retired_copies select * from counted",
    ):
        connection.execute(
            sql.SQL(statement).format(old=old, chosen=chosen, content=content_hash("retiring"))
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
