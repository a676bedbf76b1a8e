"""The workflows and users a load has seen: names, and the ids the sources know them by."""

from dataclasses import dataclass, field

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.warehouse.copy import copy_batch

_WORKFLOW = ["workflow_id", "workflow_name", "source", "source_workflow_id"]
_USER = ["user_id", "source", "source_user_id"]


@dataclass
class Seen:
    """Collects distinct workflows (with when each name was seen last) and users of batches."""

    workflows: list[pa.Table] = field(default_factory=list)
    users: list[pa.Table] = field(default_factory=list)

    def add(self, batch: pa.Table) -> None:
        """Note the workflows and users of a batch in the canonical schema."""
        table = pa.table(batch) if isinstance(batch, pa.RecordBatch) else batch
        if table.num_rows == 0:
            return
        names = table.select([*_WORKFLOW, "start_time"]).rename_columns(
            [*_WORKFLOW, "name_seen_at"]
        )
        self.workflows = [_latest(pa.concat_tables([*self.workflows, _latest(names)]))]
        users = table.group_by(_USER).aggregate([])
        self.users = [pa.concat_tables([*self.users, users]).group_by(_USER).aggregate([])]


def upsert(connection: psycopg.Connection, seen: Seen) -> None:
    """Add the workflows and users seen; a workflow keeps the latest name known.

    Rows are written in the order of their ids, so that two loads at once cannot deadlock.
    """
    for table in seen.workflows:
        _stage(connection, "seen_workflows", "raw.workflows", table)
        connection.execute(
            "insert into raw.workflows as known "
            "(workflow_id, workflow_name, source, source_workflow_id, name_seen_at) "
            "select distinct on (workflow_id) workflow_id, workflow_name, source, "
            "source_workflow_id, case when workflow_name is not null then name_seen_at end "
            "from pg_temp.seen_workflows "
            "order by workflow_id, workflow_name is null, name_seen_at desc, workflow_name desc "
            "on conflict (workflow_id) do update set "
            "workflow_name = excluded.workflow_name, name_seen_at = excluded.name_seen_at "
            "where excluded.workflow_name is not null and (known.workflow_name is null or "
            "(excluded.name_seen_at, excluded.workflow_name) > "
            "(known.name_seen_at, known.workflow_name))"
        )
    for table in seen.users:
        _stage(connection, "seen_users", "raw.users", table)
        connection.execute(
            "insert into raw.users (user_id, source, source_user_id) "
            "select user_id, source, min(source_user_id) from pg_temp.seen_users as seen "
            "where not exists "
            "(select from raw.forgotten_users as gone where gone.user_id = seen.user_id) "
            "group by user_id, source order by user_id on conflict do nothing"
        )


def _latest(table: pa.Table) -> pa.Table:
    merged = table.group_by(_WORKFLOW).aggregate([("name_seen_at", "max")])
    return merged.rename_columns([*_WORKFLOW, "name_seen_at"])


def _stage(connection: psycopg.Connection, name: str, like: str, table: pa.Table) -> None:
    schema, parent = like.split(".")
    connection.execute(
        sql.SQL("create temporary table {} (like {}) on commit drop").format(
            sql.Identifier(name), sql.Identifier(schema, parent)
        )
    )
    copy_batch(connection, sql.Identifier("pg_temp", name), table)
