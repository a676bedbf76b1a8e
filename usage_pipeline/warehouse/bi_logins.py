"""Logins for BI tools: what they may do, and the URL that such a tool takes.

A login is a member of `usage_reader`, whose rights stand in the migrations. This module adds the
limits that a single login has. It makes logins and never changes or drops one.
"""

import re
import secrets
from typing import Final

import psycopg
from psycopg import sql

from usage_pipeline.errors import UsageError, WrongUsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.roles import Role

STATEMENT_SECONDS: Final = 300
CONNECTIONS: Final = 10
_READER: Final = "usage_reader"
# A transaction that is left open keeps a night from replacing the tables that it has read.
_IDLE_SECONDS: Final = 300
_RANDOM_BYTES: Final = 32
# A name that needs no quotes, in SQL or in the forms of BI tools.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
# Temporary tables are a right that everybody has by default; a night's own roles keep it.
_WITH_TEMPORARY_TABLES: Final = tuple(Role)
_LARGE_OBJECTS: Final = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def create_bi_login(
    warehouse: Warehouse,
    name: str,
    *,
    statement_seconds: int = STATEMENT_SECONDS,
    connections: int = CONNECTIONS,
) -> str:
    """Make a login and return its URL; the password cannot be had again.

    Raises:
        UsageError: the name is not free or not possible, or the owner may not make logins.
    """
    if not _NAME.fullmatch(name) or name.startswith(("pg_", "usage_")):
        raise WrongUsageError(
            f"{name!r} cannot name a login: take small letters, digits and _, a letter first, and "
            "neither pg_ nor usage_ at the start."
        )
    password = secrets.token_urlsafe(_RANDOM_BYTES)
    try:
        with warehouse.connect() as connection:
            _keep_to_reading(connection, warehouse.parts["dbname"])
            _create(connection, name, password, connections)
            settings = {
                "default_transaction_read_only": "on",
                "statement_timeout": f"{statement_seconds}s",
                "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
                "timezone": warehouse.timezone,
            }
            for setting, value in settings.items():
                _set(connection, name, setting, sql.Literal(value))
            _set(connection, name, "search_path", sql.SQL("marts, mining"))
    except psycopg.errors.DuplicateObject:
        raise UsageError(
            f"The server has a login {name!r} already: take another name, or drop it first with "
            f'usage-pipeline psql -c "drop role {name}".'
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        owner = warehouse.parts["user"]
        raise UsageError(
            f"User {owner!r} may not make members of {_READER}: let an administrator run: alter "
            f"role {owner} createrole; grant {_READER} to {owner} with admin option."
        ) from None
    return warehouse.url_of_login(name, password)


def _create(connection: psycopg.Connection, name: str, password: str, connections: int) -> None:
    connection.execute(
        sql.SQL("create role {} login password {} connection limit {} in role {}").format(
            sql.Identifier(name), sql.Literal(password), sql.Literal(connections),
            sql.Identifier(_READER),
        )
    )  # fmt: skip


def _set(connection: psycopg.Connection, name: str, setting: str, value: sql.Composable) -> None:
    connection.execute(
        sql.SQL("alter role {} set {} to {}").format(
            sql.Identifier(name), sql.Identifier(setting), value
        )
    )


def _keep_to_reading(connection: psycopg.Connection, database: str) -> None:
    """Take from everybody what would let a reader write; here, because a restore gives it back."""
    roles = sql.SQL(", ").join(map(sql.Identifier, _WITH_TEMPORARY_TABLES))
    for statement in (
        "grant temporary on database {} to {}",
        "revoke temporary on database {} from public",
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(database), roles))
    # Only a superuser may; elsewhere logins are kept from large objects by being read-only.
    is_superuser = connection.execute("select current_setting('is_superuser') = 'on'").fetchone()
    if is_superuser and is_superuser[0]:
        for function in _LARGE_OBJECTS:
            connection.execute(
                sql.SQL("revoke execute on function pg_catalog.{} from public").format(
                    sql.SQL(function)
                )
            )
