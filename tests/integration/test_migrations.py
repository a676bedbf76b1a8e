"""Migrations: once, however many ask, and over data that is there."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

import usage_pipeline
from tests.executions import DAY, batch, execution
from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.migrate import current_version, migrate, newest_version
from usage_pipeline.warehouse.roles import Role

PACKAGE = Path(usage_pipeline.__file__).parent


@pytest.fixture
def empty(server: EmbeddedServer) -> Warehouse:
    name = f"migrated_{uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return Warehouse(server.url.rsplit("/", 1)[0] + f"/{name}")


def _version(warehouse: Warehouse) -> str | None:
    with warehouse.connect() as connection:
        return current_version(connection)


def test_four_processes_at_once_migrate_once(empty: Warehouse) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = set(pool.map(migrate, [empty] * 4))
    assert versions == {newest_version()} == {_version(empty)}


def test_two_processes_at_once_upgrade_a_warehouse_of_the_previous_version(
    empty: Warehouse,
) -> None:
    migrate(empty, _versions()[-2])
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        assert set(pool.map(migrate, [empty] * 2)) == {newest_version()} == {_version(empty)}


def test_migrating_again_changes_nothing(empty: Warehouse) -> None:
    migrate(empty)
    assert migrate(empty) == newest_version()


def test_every_mined_column_says_what_it_means(empty: Warehouse) -> None:
    migrate(empty)
    with empty.connect() as connection:
        silent = connection.execute(
            "select attrelid::regclass::text, attname from pg_attribute "
            "inner join pg_class as class on class.oid = attrelid "
            "where relnamespace = 'mining'::regnamespace and relkind in ('r', 'v') "
            "and attnum > 0 and not attisdropped and col_description(attrelid, attnum) is null"
        ).fetchall()
    assert silent == []


def _versions() -> list[str]:
    return sorted(file.stem for file in (PACKAGE / "warehouse" / "migrations" / "sql").iterdir())


def test_every_module_of_a_migration_prepares_a_version_that_there_is() -> None:
    folder = PACKAGE / "warehouse" / "migrations"
    modules = {entry.name for entry in folder.iterdir() if not entry.name.startswith("_")} - {"sql"}
    assert modules <= {f"v{version}.py" for version in _versions()}


@pytest.mark.parametrize("version", [_versions()[0], _versions()[-2]])
def test_a_warehouse_of_an_earlier_version_with_data_in_it_is_upgraded(
    empty: Warehouse, version: str
) -> None:
    migrate(empty, version)
    assert _version(empty) == version
    with empty.connect() as connection:
        connection.execute(
            "create table raw.workflow_executions_simple_20260615 "
            "partition of raw.workflow_executions_simple "
            "for values from ('2026-06-15') to ('2026-06-16')"
        )
        if version >= "0012":
            # From here on the loader makes partitions, and has these rights on them.
            connection.execute(
                "grant select, insert, update, delete on raw.workflow_executions_simple_20260615 "
                "to usage_loader"
            )
        connection.execute(
            "insert into raw.workflow_executions_simple (id, user_id, workflow_id, start_time, "
            "status, execution_date, source, source_id) values (gen_random_uuid(), "
            "gen_random_uuid(), gen_random_uuid(), '2026-06-15 09:00Z', 'completed', "
            "'2026-06-15', 'files', 'old')"
        )
        connection.execute(
            "insert into raw.load_ledger (execution_date, source, read_count, loaded_count, "
            "rejected_count, duplicate_count) values ('2026-06-15', 'files', 1, 1, 0, 0)"
        )
    migrate(empty)
    with empty.connect() as connection:
        assert connection.execute(
            "select source_id, status from raw.workflow_executions_simple"
        ).fetchall() == [("old", "completed")]
    loader = empty.acting_as(Role.LOADER)
    load_day(loader, DAY, [DayInput("other", [batch([execution("new", source="other")])])])
    assert retire_day(empty, DAY, as_of=DAY, unfinished_days=30).retired == 2


def test_a_failed_migration_leaves_the_version_it_was_at(
    empty: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty, "0001_raw")
    with empty.connect() as connection:
        connection.execute("create table raw.retired_executions (in_the_way int)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(empty)
    assert _version(empty) == "0001_raw"


def test_a_server_that_is_too_old_is_refused(
    empty: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage_pipeline.warehouse.prerequisites.OLDEST_SERVER", 99)
    with pytest.raises(UsageError, match=r"is PostgreSQL 18: use 99 or later\."):
        migrate(empty)
    with empty.connect() as connection:
        assert current_version(connection) is None


def test_a_migration_waits_for_a_query_without_holding_up_others_and_then_goes_on(
    empty: Warehouse,
) -> None:
    migrate(empty, "0008_stages")
    with empty.connect() as connection:
        connection.execute("create table marts.user_workflow_stats (user_id uuid)")
    impatient = Warehouse(empty.url, lock_timeout=0.1)
    with psycopg.connect(empty.url) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute("select * from marts.user_workflow_stats")
        upgrade = pool.submit(migrate, impatient)
        wait([upgrade], timeout=1.5)
        assert not upgrade.done()
        with empty.connect() as other:
            other.execute("set statement_timeout = '2s'")
            other.execute("select * from marts.user_workflow_stats")
        reader.commit()
        assert upgrade.result(timeout=30) == newest_version()


def test_a_warehouse_newer_than_the_program_is_refused(empty: Warehouse) -> None:
    migrate(empty)
    with empty.connect() as connection:
        connection.execute("update raw.schema_version set version_num = '9999_later'")
    with pytest.raises(UsageError, match="newer than this program"):
        migrate(empty)
