"""The API's login becomes `usage_api` and nothing else, and needs no care of anybody's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from usage_pipeline.warehouse.api_login import ApiLoginError, api_warehouse
from usage_pipeline.warehouse.connection import Warehouse


@pytest.fixture
def login(warehouse: Warehouse) -> Iterator[Warehouse]:
    """The API's way to a warehouse."""
    own = api_warehouse(warehouse)
    yield own
    with warehouse.connect() as connection:
        name = sql.Identifier(own.parts["user"])
        connection.execute(sql.SQL("drop owned by {}").format(name))
        connection.execute(sql.SQL("drop role {}").format(name))


def test_it_can_become_the_api_and_no_role_that_writes(login: Warehouse) -> None:
    with psycopg.connect(login.conninfo(role="usage_api"), autocommit=True) as connection:
        assert connection.execute("select session_user, current_user").fetchone() == (
            login.parts["user"],
            "usage_api",
        )
        assert connection.execute("select count(*) from raw.workflow_favorites").fetchone()
        connection.execute("set role none")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("select count(*) from raw.workflow_favorites")
        for role in ("usage_loader", "usage_transformer", "usage_miner", "usage_owner"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(f"set role {role}".encode())


def test_it_is_made_once_however_many_processes_start(
    warehouse: Warehouse, login: Warehouse
) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {each.url for each in pool.map(api_warehouse, [warehouse] * 4)} == {login.url}


def test_processes_that_start_at_once_make_one(warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len({each.url for each in pool.map(api_warehouse, [warehouse] * 4)}) == 1


def test_another_password_of_the_owner_s_gives_it_another(
    warehouse: Warehouse, login: Warehouse
) -> None:
    parts = warehouse.parts
    other = f"owner_{uuid4().hex[:8]}"
    with warehouse.connect() as connection:
        connection.execute(f"create role {other} login superuser password 'of-this-test'".encode())
    try:
        later = api_warehouse(replace(warehouse, url=warehouse.url_of_login(other, "of-this-test")))
        assert later.parts["user"] == login.parts["user"]
        assert later.parts["password"] != login.parts["password"]
        with psycopg.connect(later.conninfo(role="usage_api")):
            pass
    finally:
        with warehouse.connect() as connection:
            connection.execute(f"drop role {other}".encode())
    assert parts["password"] not in later.url


def test_an_owner_who_may_make_no_logins_is_told_the_statement(warehouse: Warehouse) -> None:
    owner = f"plain_{uuid4().hex[:8]}"
    with warehouse.connect() as connection:
        connection.execute(f"create role {owner} login password 'of-this-test'".encode())
    try:
        with pytest.raises(ApiLoginError, match=f"alter role {owner} createrole; grant usage_api"):
            api_warehouse(replace(warehouse, url=warehouse.url_of_login(owner, "of-this-test")))
    finally:
        with warehouse.connect() as connection:
            connection.execute(f"drop role {owner}".encode())
