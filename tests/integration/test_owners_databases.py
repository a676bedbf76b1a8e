"""A database that belongs to others, or a login without rights: one sentence, nothing changed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate, newest_version

_STATEMENT = re.compile(r"administrator run: (.*?;)")
_PASSWORD = "of-this-test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server of this module's own, because roles belong to a server."""
    server = EmbeddedServer(Path(tmp_path_factory.mktemp("owners")))
    server.start()
    yield server
    server.destroy()


@contextmanager
def administrator(server: EmbeddedServer, database: str = "") -> Iterator[psycopg.Connection]:
    url = f"{server.url.rsplit('/', 1)[0]}/{database}" if database else server.url
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def run(server: EmbeddedServer, statements: str, database: str = "") -> None:
    with administrator(server, database) as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(statement.encode())


def database_of(server: EmbeddedServer, login: str, rights: str = "createrole") -> Warehouse:
    """A new database, owned by a new login, both of this name."""
    run(server, f"create role {login} login {rights} password '{_PASSWORD}'")
    run(server, f"create database {login} owner {login}")
    return as_login(server, login, login)


def as_login(server: EmbeddedServer, login: str, database: str) -> Warehouse:
    address = server.url.rsplit("@", 1)[1].rsplit("/", 1)[0]
    return Warehouse(f"postgresql://{login}:{_PASSWORD}@{address}/{database}")


def refusal(warehouse: Warehouse) -> str:
    with pytest.raises(UsageError) as refused:
        migrate(warehouse)
    message = str(refused.value)
    assert "\n" not in message
    return message


def contents(server: EmbeddedServer, database: str) -> set[tuple[str, ...]]:
    with administrator(server, database) as connection:
        return {
            tuple(map(str, row))
            for row in connection.execute(
                "select nspname, relname, pg_get_userbyid(relowner), relacl from pg_class "
                "inner join pg_namespace on relnamespace = pg_namespace.oid "
                "where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') "
                "union all select nspname, null, pg_get_userbyid(nspowner), nspacl "
                "from pg_namespace"
            ).fetchall()
        }


def test_roles_of_another_installation_are_granted_by_the_statement_that_is_named(
    server: EmbeddedServer,
) -> None:
    migrate(Warehouse(server.url))
    second = database_of(server, "second_owner")

    message = refusal(second)

    assert "which another installation on this server made" in message
    statement = _STATEMENT.search(message)
    assert statement is not None
    assert statement[1] == (
        "grant usage_loader, usage_transformer, usage_miner, usage_api to second_owner;"
    )
    run(server, statement[1])
    assert migrate(second) == newest_version()


def test_an_owner_without_createrole_does_where_the_roles_are_there_and_granted(
    server: EmbeddedServer,
) -> None:
    migrate(Warehouse(server.url))
    plain = database_of(server, "plain_owner", rights="nocreaterole")
    run(server, "grant usage_loader, usage_transformer, usage_miner, usage_api to plain_owner")
    assert migrate(plain) == newest_version()


def test_an_owner_that_may_not_make_the_roles_is_told_the_statement(tmp_path: Path) -> None:
    fresh = EmbeddedServer(tmp_path)
    fresh.start()
    try:
        first = database_of(fresh, "first_owner", rights="nocreaterole")
        statement = _STATEMENT.search(refusal(first))
        assert statement is not None
        assert statement[1] == "alter role first_owner createrole;"
        run(fresh, statement[1])
        assert migrate(first) == newest_version()
    finally:
        fresh.destroy()


@pytest.mark.parametrize("schema", ["raw", "staging", "intermediate", "marts", "mining", "dagster"])
@pytest.mark.parametrize("table", [True, False], ids=["with a table", "empty"])
def test_a_schema_of_another_team_stays_as_it_is(
    server: EmbeddedServer, schema: str, table: bool
) -> None:
    login = f"owner_{schema}_{table}".lower()
    warehouse = database_of(server, login, rights="superuser" if table else "createrole")
    run(server, f"create role other_{login}")
    run(server, f"create schema {schema} authorization other_{login}", login)
    if table:
        run(server, f"create table {schema}.workflows (code int)", login)
    before = contents(server, login)

    message = refusal(warehouse)

    assert f"it has the schema {schema} (owned by other_{login})" in message
    assert f"create database usage owner {login};" in message
    assert contents(server, login) == before
    run(server, f"alter role {login} nosuperuser")


def test_an_empty_schema_that_we_own_is_used(server: EmbeddedServer) -> None:
    migrate(Warehouse(server.url))
    warehouse = database_of(server, "made_ready")
    run(server, "grant usage_loader, usage_transformer, usage_miner, usage_api to made_ready")
    run(server, "create schema marts authorization made_ready", "made_ready")
    assert migrate(warehouse) == newest_version()


def test_a_login_that_may_not_make_schemas_is_told_the_statement(server: EmbeddedServer) -> None:
    migrate(Warehouse(server.url))
    database_of(server, "the_owner")
    run(server, f"create role guest_login login createrole password '{_PASSWORD}'")
    guest = as_login(server, "guest_login", "the_owner")
    statement = _STATEMENT.search(refusal(guest))
    assert statement is not None
    assert statement[1] == "grant create on database the_owner to guest_login;"
    run(server, statement[1])
    statement = _STATEMENT.search(refusal(guest))
    assert statement is not None
    run(server, statement[1])
    assert migrate(guest) == newest_version()


def test_a_warehouse_of_another_owner_names_its_owner(server: EmbeddedServer) -> None:
    migrate(Warehouse(server.url))
    run(server, f"create role passer_by login password '{_PASSWORD}'")
    database = server.url.rsplit("/", 1)[1]
    message = refusal(as_login(server, "passer_by", database))
    owner = Warehouse(server.url).parts["user"]
    assert f"belongs to user '{owner}'" in message
    assert f"name '{owner}' instead of 'passer_by' in USAGE_DATABASE_URL" in message


def test_names_that_need_quotes_have_them(server: EmbeddedServer) -> None:
    name = 'O"Brien; drop'
    with administrator(server) as connection:
        connection.execute(
            sql.SQL("create role {} login password {}").format(
                sql.Identifier(name), sql.Literal(_PASSWORD)
            )
        )
        connection.execute(sql.SQL("create database quoted owner {}").format(sql.Identifier(name)))
        connection.execute("create table if not exists public.unrelated (code int)")
    address = server.url.rsplit("@", 1)[1].rsplit("/", 1)[0]
    warehouse = Warehouse(f"postgresql://O%22Brien%3B%20drop:{_PASSWORD}@{address}/quoted")
    assert '"O""Brien; drop"' in refusal(warehouse)
