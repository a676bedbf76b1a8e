"""The login of the HTTP API: it can become `usage_api` and has no right of its own.

A statement that a caller smuggled into a query could leave the role of its session, and would find
itself as this login. The owner's login would let it do everything.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Final

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.connection import Warehouse

API_ROLE: Final = "usage_api"
_LOCK: Final = 0x75736C67  # "uslg": two processes that start at once make one login
_LONGEST_NAME: Final = 63


class ApiLoginError(Exception):
    """The API has no login of its own here; the message says what an administrator can do."""


def api_warehouse(warehouse: Warehouse) -> Warehouse:
    """The same warehouse, logged in to as the API's login, which is made where it is missing.

    All processes of the API know the password without keeping it, because it is derived from the
    owner's. A change of that makes the next start change this.

    Raises:
        ApiLoginError: the owner has no password in the URL or may not make logins, or the server
            lets in the owner alone.
        WarehouseUnavailableError: the server does not answer.
    """
    parts = warehouse.parts
    if not parts["password"]:
        raise ApiLoginError("USAGE_DATABASE_URL has no password to derive the API's from")
    name = _name(parts["dbname"])
    password = _password(parts["password"], name)
    own = replace(warehouse, url=warehouse.url_of_login(name, password))
    if _refusal(own) is None:
        return own
    try:
        with warehouse.connect() as connection:
            _make(connection, name, password)
    except psycopg.errors.InsufficientPrivilege:
        owner = parts["user"]
        raise ApiLoginError(
            f"user {owner!r} may not make it: let an administrator run: alter role {owner} "
            f"createrole; grant {API_ROLE} to {owner} with admin option;"
        ) from None
    refusal = _refusal(own)
    if refusal is not None:
        raise ApiLoginError(f"the server does not let {name!r} in ({refusal}): see its pg_hba.conf")
    return own


def _name(database: str) -> str:
    """The login's name. It names the database, because all databases of a server share logins."""
    name = f"{API_ROLE}_{database}"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{API_ROLE}_{sha256(database.encode()).hexdigest()[:16]}"


def _password(owners: str, name: str) -> str:
    return urlsafe_b64encode(hmac.digest(owners.encode(), name.encode(), "sha256")).decode()


def _refusal(warehouse: Warehouse) -> str | None:
    """Why the login cannot act as the API; None if it can."""
    try:
        with psycopg.connect(warehouse.conninfo("usage-pipeline api", role=API_ROLE)):
            return None
    except psycopg.OperationalError as error:
        return str(error).strip().rsplit("\n", 1)[-1]


def _make(connection: psycopg.Connection, name: str, password: str) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    # Hashed here, so that the server's log of statements never holds it.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    )
    login = sql.Identifier(name)
    connection.execute(
        sql.SQL("{} role {} login noinherit password {}").format(
            sql.SQL("alter" if exists else "create"), login, sql.Literal(verifier.decode())
        )
    )
    connection.execute(
        sql.SQL("grant {} to {} with inherit false, set true").format(
            sql.Identifier(API_ROLE), login
        )
    )
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("grant connect on database {} to {}").format(database, login))
