"""A login for BI tools reads the marts and nothing else, whatever it tries."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from usage_pipeline.errors import UsageError, WrongUsageError
from usage_pipeline.warehouse.bi_logins import create_bi_login
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.roles import Role


@pytest.fixture(scope="module")
def login_name() -> str:
    return f"bi_{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def url(module_warehouse: Warehouse, login_name: str) -> Iterator[str]:
    yield create_bi_login(module_warehouse, login_name, statement_seconds=7, connections=2)
    with module_warehouse.connect() as owner:
        owner.execute(sql.SQL("drop role {}").format(sql.Identifier(login_name)))


def test_it_finds_marts_and_mining_by_their_names(url: str, module_warehouse: Warehouse) -> None:
    with module_warehouse.connect() as owner:
        owner.execute("create table marts.made_for_bi (n integer)")
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from made_for_bi").fetchall() == [(0,)]
        assert connection.execute("select count(*) from usage_patterns").fetchall() == [(0,)]
        shown = [
            connection.execute(f"show {name}").fetchone()
            for name in ("default_transaction_read_only", "statement_timeout", "search_path")
        ]
    assert shown == [("on",), ("7s",), ("marts, mining",)]


@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table kept (n integer)",
        "create table marts.kept (n integer)",
        "create table public.kept (n integer)",
        "delete from mining.usage_insights",
        "select lo_create(0)",
        "select lo_creat(-1)",
        "select lo_from_bytea(0, 'kept')",
        "select * from raw.workflow_executions_simple",
        "select * from raw.api_keys",
        "set role usage_loader",
    ],
)
def test_it_writes_nothing_and_sees_no_executions(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # The default is for accidents; rights must hold without it.
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_it_holds_as_many_connections_as_it_may(url: str) -> None:
    with (
        psycopg.connect(url),
        psycopg.connect(url),
        pytest.raises(psycopg.OperationalError, match="too many connections"),
    ):
        psycopg.connect(url)


@pytest.mark.parametrize("role", list(Role))
def test_the_roles_of_a_night_keep_their_temporary_tables(
    url: str, module_warehouse: Warehouse, role: Role
) -> None:
    with module_warehouse.acting_as(role).connect() as connection:
        connection.execute("create temporary table scratch (n integer) on commit drop")


def test_a_name_that_is_taken_changes_nothing(
    url: str, module_warehouse: Warehouse, login_name: str
) -> None:
    with pytest.raises(UsageError, match="already: take another name"):
        create_bi_login(module_warehouse, login_name)
    psycopg.connect(url).close()


@pytest.mark.parametrize("name", ["", "Bi", "a b", "pg_me", "usage_reader", "a" * 64, 'x"y'])
def test_a_name_that_needs_quotes_or_is_a_role_of_ours_is_refused(
    module_warehouse: Warehouse, name: str
) -> None:
    with pytest.raises(WrongUsageError, match="cannot name a login"):
        create_bi_login(module_warehouse, name)


def test_an_owner_that_may_not_make_members_is_told_what_to_ask_for(
    module_warehouse: Warehouse,
) -> None:
    owner = f"owner_{uuid4().hex[:8]}"
    database = module_warehouse.parts["dbname"]
    with module_warehouse.connect() as connection:
        connection.execute(
            sql.SQL("create role {} login createrole password 'of-this-test'").format(
                sql.Identifier(owner)
            )
        )
    parts = module_warehouse.parts
    weak = Warehouse(
        f"postgresql://{owner}:of-this-test@{parts['host']}:{parts['port']}/{database}"
    )
    try:
        with pytest.raises(UsageError, match="let an administrator run: alter role"):
            create_bi_login(weak, f"bi_{uuid4().hex[:8]}")
    finally:
        with module_warehouse.connect() as connection:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(owner)))
