"""Who does what: each step of a night acts as its role, under an owner who is no superuser."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.conftest import RunDbt
from tests.executions import DAY, at, batch, execution, uuid_of
from usage_pipeline.errors import UsageError, WarehouseUnavailableError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.ledger import day_states
from usage_pipeline.warehouse.migrate import migrate
from usage_pipeline.warehouse.people.erasure import forget_user
from usage_pipeline.warehouse.people.favourites import refresh_usage
from usage_pipeline.warehouse.roles import Role

_NEXT = DAY + timedelta(days=1)
# As long as the names of other tests' databases: dbt is parsed once for all of them.
_DATABASE = "test_owned_by_me0"


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty database of a server of its own, whose owner may make roles and nothing more."""
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("create role me login createrole password 'of-this-test'")
            admin.execute(sql.SQL("create database {} owner me").format(sql.Identifier(_DATABASE)))
        parts = Warehouse(server.url).parts
        yield Warehouse(f"postgresql://me:of-this-test@127.0.0.1:{parts['port']}/{_DATABASE}")
    finally:
        server.destroy()


def _rows(day: object) -> ReadBatch:
    return batch([execution(f"{day}-{n}", start_time=at(9, n, day=day)) for n in range(3)])  # type: ignore[arg-type]


def _owners(connection: psycopg.Connection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select schemaname, tableowner from pg_tables "
            "where schemaname in ('raw', 'intermediate', 'marts', 'mining') "
            "union select schemaname, viewowner from pg_views where schemaname = 'staging'"
        ).fetchall()
    )


def test_an_owner_who_is_no_superuser_needs_nothing_more_for_a_whole_life(
    owned: Warehouse, dbt_on: RunDbt, settings: Settings
) -> None:
    migrate(owned, "0008_stages")
    with owned.connect() as connection:
        # What dbt built as the owner, before it had a role of its own.
        connection.execute("create table marts.user_workflow_stats (user_id uuid)")
        connection.execute("create view staging.old as select * from marts.user_workflow_stats")
    migrate(owned)
    with owned.connect() as connection:
        assert {("marts", "usage_transformer"), ("staging", "usage_transformer")} <= _owners(
            connection
        )
        connection.execute("drop table marts.user_workflow_stats cascade")
        connection.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) values (%s, %s)",
            [uuid_of("ana"), uuid_of("report")],
        )
    loader = owned.acting_as(Role.LOADER)
    for day in (DAY, DAY, _NEXT):
        load_day(loader, day, [DayInput("files", [_rows(day)])])
    for _ in range(2):
        dbt_on(owned, build_arguments(DAY, _NEXT, _NEXT))
    mine_days(owned, settings, [DAY, _NEXT], _NEXT)
    mine_windows(owned, settings, _NEXT)
    with owned.acting_as(Role.MINER).connect() as connection:
        assert refresh_usage(connection) == 1
    assert retire_day(owned, DAY, as_of=_NEXT, unfinished_days=30).retired == 3
    # A late execution of the retired day comes into a partition that the loader makes anew.
    late = batch([execution("late", start_time=at(10))])
    assert load_day(loader, DAY, [DayInput("files", [late])]).total("late") == 1
    with owned.connect() as connection:
        assert [state.in_marts for state in day_states(connection)] == [3, 3]
        assert _owners(connection) == {
            ("raw", "me"),
            ("mining", "me"),
            ("intermediate", "usage_transformer"),
            ("marts", "usage_transformer"),
            ("staging", "usage_transformer"),
        }
    done = forget_user(owned, uuid_of("ana"))  # type: ignore[arg-type]
    assert (done.executions, done.retired, done.marts_are_built) == (4, 3, True)


def test_an_owner_who_may_not_become_a_role_is_told_what_to_grant(warehouse: Warehouse) -> None:
    login = "no_member_" + warehouse.parts["dbname"][-6:]
    with warehouse.connect() as connection:
        connection.execute(
            sql.SQL("create role {} login password 'x'").format(sql.Identifier(login))
        )
    parts = warehouse.parts
    other = Warehouse(f"postgresql://{login}:x@{parts['host']}:{parts['port']}/{parts['dbname']}")
    try:
        with (
            pytest.raises(WarehouseUnavailableError, match=f"run: grant usage_loader to {login}"),
            other.acting_as(Role.LOADER).connect(),
        ):
            pass
        with pytest.raises(UsageError, match="may not make schemas"):
            migrate(Warehouse(f"{other.url.rsplit('/', 1)[0]}/postgres"))
    finally:
        with warehouse.connect() as connection:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@pytest.mark.parametrize("role", list(Role))
def test_a_connection_is_its_role_from_the_first_statement_on(
    warehouse: Warehouse, role: Role
) -> None:
    with warehouse.acting_as(role).connect() as connection:
        assert connection.execute("select current_user").fetchone() == (role.value,)
