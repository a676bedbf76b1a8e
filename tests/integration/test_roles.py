"""The roles: what each may do works, and what each must not do is refused by the server."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from tests.conftest import RunDbt
from tests.executions import DAY, batch, execution, rejection, uuid_of
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.migrate import migrate, newest_version

_ROLES = ("usage_loader", "usage_transformer", "usage_miner", "usage_reader", "usage_api")


@pytest.fixture(scope="module")
def built(module_warehouse: Warehouse, dbt_on: RunDbt) -> Iterator[Warehouse]:
    """A warehouse whose marts were built twice by a login of the transformer's, not the owner."""
    load_day(
        module_warehouse,
        DAY,
        [DayInput("files", [batch([execution("a"), execution("b")], [rejection("no id")])])],
    )
    login = f"dbt_{uuid4().hex[:8]}"
    with module_warehouse.connect() as owner:
        for statement in (
            "create role {} login password 'of-this-test' in role usage_transformer",
            "alter role {} set role to usage_transformer",
        ):
            owner.execute(sql.SQL(statement).format(sql.Identifier(login)))
    parts = module_warehouse.parts
    transformer = Warehouse(
        f"postgresql://{login}:of-this-test@{parts['host']}:{parts['port']}/{parts['dbname']}"
    )
    for _ in range(2):
        dbt_on(transformer, build_arguments(DAY, DAY, DAY))
    yield module_warehouse
    with module_warehouse.connect() as owner:
        owner.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@contextmanager
def _as(warehouse: Warehouse, role: str) -> Iterator[psycopg.Connection]:
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        yield connection
        connection.rollback()


def test_dbt_builds_and_rebuilds_as_the_transformer(built: Warehouse) -> None:
    with built.connect() as connection:
        assert connection.execute(
            "select distinct tableowner from pg_tables "
            "where schemaname in ('marts', 'intermediate') and tablename <> 'made_later'"
        ).fetchall() == [("usage_transformer",)]


@pytest.mark.parametrize("role", ["usage_reader", "usage_api"])
def test_readers_see_every_mart_and_every_mined_table(built: Warehouse, role: str) -> None:
    with built.connect() as connection:
        connection.execute("create table if not exists mining.made_later (user_id uuid)")
        connection.execute("create table if not exists marts.made_later (user_id uuid)")
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('marts', 'mining')"
        ).fetchall()
    assert len(tables) > 10
    with _as(built, role) as connection:
        for schema, table in tables:
            connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier(schema, table))
            ).fetchall()


_ME, _OTHER = uuid_of("me"), uuid_of("another")


def test_the_api_keeps_the_rows_of_the_user_it_acts_for(built: Warehouse) -> None:
    with built.connect() as owner:
        owner.execute("truncate raw.workflow_favorites, raw.workflow_templates")
        owner.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) "
            "values (%s, gen_random_uuid())",
            [_OTHER],
        )
        owner.execute(
            "insert into raw.workflow_templates (user_id, name, sequence_id, workflow_ids) "
            "values (%s, 'theirs', gen_random_uuid(), '{}')",
            [_OTHER],
        )
    with _as(built, "usage_api") as connection:
        _act_for(connection, _ME)
        connection.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) "
            "values (%s, gen_random_uuid())",
            [_ME],
        )
        assert connection.execute(
            "update raw.workflow_favorites set custom_name = 'mine' returning user_id::text"
        ).fetchall() == [(_ME,)]
        assert connection.execute("delete from raw.workflow_favorites").rowcount == 1
        assert connection.execute("delete from raw.workflow_templates").rowcount == 0
        assert connection.execute("select * from raw.workflow_templates").fetchall() == []


def test_the_api_sees_no_favourite_while_it_acts_for_nobody(built: Warehouse) -> None:
    with built.connect() as owner:
        owner.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) "
            "values (gen_random_uuid(), gen_random_uuid())"
        )
    with _as(built, "usage_api") as connection:
        assert connection.execute("select * from raw.workflow_favorites").fetchall() == []


def test_the_api_dismisses_insights_of_the_user_it_acts_for_only(built: Warehouse) -> None:
    with built.connect() as owner:
        owner.execute("truncate mining.usage_insights")
        for user in (_ME, _OTHER):
            owner.execute(
                "insert into mining.usage_insights (insight_id, user_id, insight_type, message, "
                "action, evidence, score, magnitude, fingerprint, as_of_date, state, opened_date) "
                "values (gen_random_uuid(), %s, 'unused', '', '', '{}', 1, 1, '', "
                "'2026-06-15', 'open', '2026-06-15')",
                [user],
            )
    with _as(built, "usage_api") as connection:
        _act_for(connection, _ME)
        assert connection.execute(
            "update mining.usage_insights set state = 'dismissed' returning user_id::text"
        ).fetchall() == [(_ME,)]


def test_the_api_takes_executions_in_and_cannot_look_at_them(built: Warehouse) -> None:
    with _as(built, "usage_api") as connection:
        connection.execute("select raw.track_executions('[]')")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("select * from raw.tracked_executions")


def _act_for(connection: psycopg.Connection, user: str) -> None:
    connection.execute("select set_config('usage.acting_user', %s, true)", [user])


def test_the_loader_writes_a_day_of_executions(built: Warehouse) -> None:
    with _as(built, "usage_loader") as connection:
        columns = (
            "(id, user_id, workflow_id, start_time, status, execution_date, source, source_id)"
        )
        connection.execute(
            f"insert into raw.workflow_executions_simple {columns} "
            "values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), "
            "'2026-06-15 09:00Z', 'completed', '2026-06-15', 'mine', 'x')"
        )
        connection.execute(
            "insert into raw.rejected_executions (execution_date, source, location, reason, "
            "original) values ('2026-06-15', 'mine', 'row 1', 'no id', '{}')"
        )
        connection.execute("update raw.load_ledger set loaded_at = current_timestamp")
        connection.execute("delete from raw.workflow_executions_simple where source = 'mine'")


_MUST_NOT = {
    "usage_loader": [
        "select key_hash from raw.api_keys",
        "select * from marts.user_workflow_usage",
        "delete from raw.retired_usage",
        "insert into raw.retired_executions values ('2026-06-15', gen_random_uuid(), 'files')",
        "delete from raw.forgotten_users",
        "update raw.schema_version set version_num = '0'",
        "update raw.warehouse_settings set value = 'Asia/Tokyo'",
        "insert into raw.workflow_favorites values (gen_random_uuid(), gen_random_uuid())",
        "truncate raw.workflow_executions_simple",
        "drop table raw.workflow_executions_simple_20260615",
        "create table raw.mine (id int)",
        "create table marts.mine (id int)",
        "select raw.drop_partition('2026-06-15')",
        "update raw.tracked_executions set status = 'failed'",
        "delete from raw.tracked_executions",
    ],
    "usage_miner": [
        "select * from raw.users",
        "select * from raw.tracked_executions",
        "select key_hash from raw.api_keys",
        "insert into raw.workflow_favorites values (gen_random_uuid(), gen_random_uuid())",
        "update raw.workflow_favorites set custom_name = 'mine'",
        "delete from raw.workflow_executions_simple",
        "update raw.load_ledger set loaded_count = 0",
        "update marts.user_workflow_usage set execution_count = 0",
        "create table mining.mine (id int)",
        "drop table mining.usage_insights",
        "select raw.create_stage('2026-06-15')",
    ],
    "usage_transformer": [
        "select key_hash from raw.api_keys",
        "insert into raw.users values (gen_random_uuid(), 'a', 'b')",
        "update raw.workflow_executions_simple set status = 'completed'",
        "delete from raw.load_ledger",
        "truncate raw.retired_usage",
        "drop table raw.workflows",
        "create table raw.mine (id int)",
        "create table mining.mine (id int)",
        "drop schema marts cascade",
        "select raw.create_stage('2026-06-15')",
        "select raw.swap_stage('2026-06-15')",
    ],
    "usage_reader": [
        "select * from raw.users",
        "select * from raw.workflow_executions_simple",
        "select * from raw.workflow_executions_simple_20260615",
        "select * from raw.workflow_favorites",
        "select * from raw.tracked_executions",
        "select * from raw.failed_days",
        "select * from raw.api_keys",
        "select raw.track_executions('[]')",
        "select raw.swap_stage('2026-06-15')",
        "select * from staging.stg_workflow_executions",
        "select * from intermediate.int_pair_idleness",
        "insert into marts.warehouse_as_of select * from marts.warehouse_as_of",
        "update marts.user_workflow_usage set execution_count = 0",
        "delete from marts.popular_workflows",
        "truncate marts.popular_workflows",
        "create table marts.mine (id int)",
        "create table public.mine (id int)",
    ],
    "usage_api": [
        "select * from raw.users",
        "select * from raw.workflow_executions_simple",
        "select * from raw.rejected_executions",
        "insert into raw.workflow_executions_simple_20260615 select * "
        "from raw.workflow_executions_simple_20260615",
        "update marts.user_workflow_usage set execution_count = 0",
        "delete from marts.popular_workflows",
        "truncate raw.workflow_favorites",
        "insert into raw.workflow_favorites (user_id, workflow_id) "
        "values (gen_random_uuid(), gen_random_uuid())",
        "insert into raw.workflow_templates (user_id, name, sequence_id, workflow_ids) "
        "values (gen_random_uuid(), 'x', gen_random_uuid(), '{}')",
        "update raw.workflow_templates set name = 'x'",
        "select * from raw.tracked_executions",
        "insert into raw.tracked_executions select * from raw.tracked_executions",
        "delete from raw.tracked_executions",
        "select * from raw.api_keys",
        "insert into raw.api_keys (name, key_hash, scopes) "
        "values ('mine', sha256('mine'), '{admin}')",
        "update raw.api_keys set revoked_at = null",
        "update raw.api_keys set scopes = '{admin}'",
        "select * from raw.forgotten_users",
        "update mining.usage_insights set message = ''",
        "delete from mining.usage_insights",
        "delete from mining.usage_patterns",
        "create table marts.mine (id int)",
        "select raw.create_stage('2026-06-15')",
    ],
}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (role, statement)
        for role in _ROLES
        for statement in [*_MUST_NOT[role], "create role mine", "create schema mine"]
    ],
)
def test_what_a_role_must_not_do_is_refused(built: Warehouse, role: str, statement: str) -> None:
    with _as(built, role) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[arg-type]


def test_no_role_may_log_in_or_do_more_than_it_was_granted(built: Warehouse) -> None:
    with built.connect() as connection:
        rows = connection.execute(
            "select rolname, rolcanlogin or rolsuper or rolcreatedb or rolcreaterole "
            "or rolreplication or rolbypassrls from pg_roles where rolname = any(%s)",
            [list(_ROLES)],
        ).fetchall()
    assert sorted(rows) == [(role, False) for role in sorted(_ROLES)]


def test_two_databases_of_a_new_server_make_the_roles_at_once(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        warehouses = []
        with psycopg.connect(server.url, autocommit=True) as connection:
            for number in range(2):
                connection.execute(f"create database at_once_{number}")  # type: ignore[arg-type]
                base = server.url.rsplit("/", 1)[0]
                warehouses.append(Warehouse(f"{base}/at_once_{number}"))
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            assert set(pool.map(migrate, warehouses)) == {newest_version()}
        with psycopg.connect(server.url) as connection:
            assert connection.execute(
                "select count(*) from pg_roles where rolname = any(%s)", [list(_ROLES)]
            ).fetchone() == (5,)
    finally:
        server.destroy()
