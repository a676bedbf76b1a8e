"""The workflow becomes part of an execution's id: stored ids are made anew, set by set."""

from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from usage_pipeline.identity import execution_ids, source_namespace, tracked_execution_ids
from usage_pipeline.warehouse.copy import copy_batch

_ROWS_AT_ONCE = 200_000
_TRACKED = "tracked"
_COLUMNS = ("id", "source", "user_id", "workflow_id", "source_id", "attempt")
_PARTITIONS = (
    "select inhrelid::regclass::text from pg_inherits "
    "where inhparent = 'raw.workflow_executions_simple'::regclass order by 1"
)
_NEW_IDS = sql.Identifier("pg_temp", "new_ids")


def prepare(connection: psycopg.Connection) -> None:
    """Give what is stored one by one its new id, before the SQL file of this version runs."""
    connection.execute(
        "create temporary table new_ids (id uuid, of_source text, new_id uuid) on commit drop"
    )
    partitions = [row[0] for row in connection.execute(_PARTITIONS).fetchall()]
    for name in partitions:
        table = sql.Identifier(*name.split("."))
        _renew(connection, table, sql.SQL("source"))
    _renew(connection, sql.Identifier("raw", "tracked_executions"), sql.Literal(_TRACKED))
    connection.execute("drop table pg_temp.new_ids")


def _renew(connection: psycopg.Connection, table: sql.Identifier, source: sql.Composable) -> None:
    connection.execute("truncate pg_temp.new_ids")
    for rows in _stored(connection, table, source):
        for part in _parts(rows):
            copy_batch(connection, _NEW_IDS, part)
    connection.execute("analyze pg_temp.new_ids")
    connection.execute(
        sql.SQL(
            "update {table} as stored set id = renewed.new_id from ("
            "select distinct id, of_source, new_id from pg_temp.new_ids where id <> new_id"
            ") as renewed where stored.id = renewed.id and {source} = renewed.of_source"
        ).format(table=table, source=source)
    )


def _stored(
    connection: psycopg.Connection, table: sql.Identifier, source: sql.Composable
) -> Iterator[pa.Table]:
    """The parts of the ids of a table's executions, some rows at a time."""
    query = sql.SQL(
        "select id::text, {source}, user_id::text, workflow_id::text, source_id, attempt "
        "from {table}"
    ).format(source=source, table=table)
    with connection.cursor(name="stored_executions") as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            columns = zip(*rows, strict=True)
            yield pa.table(dict(zip(_COLUMNS, map(list, columns), strict=True)))


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    """The new ids of some rows, a source at a time."""
    for name in rows["source"].unique().to_pylist():
        part = rows.filter(pc.equal(rows["source"], name)).combine_chunks()
        columns = {each: part[each].combine_chunks() for each in _COLUMNS}
        own, attempt = columns["source_id"], columns["attempt"].cast(pa.int32())
        user, workflow = columns["user_id"], columns["workflow_id"]
        if name == _TRACKED:
            renewed = tracked_execution_ids(user, workflow, attempt, own)
        else:
            renewed = execution_ids(own, attempt, source_namespace(name), (workflow,))
        yield pa.table({"id": columns["id"], "of_source": columns["source"], "new_id": renewed})
