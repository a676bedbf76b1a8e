"""Brings the schemas Python owns to the newest version, once, however many processes ask.

Migrations only go forward: a warehouse newer than this program is refused.
"""

from importlib.resources import files

import psycopg

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse, pin_timezone
from usage_pipeline.warehouse.locks import patiently
from usage_pipeline.warehouse.session import ENCODING

OLDEST_SERVER = 16  # the first with roles that are granted to be become, not to be inherited
_LOCK = 0x75736167  # "usag": one number for the advisory lock of migrations
_SQL = files("usage_pipeline.warehouse") / "migrations" / "sql"


def newest_version() -> str:
    """The version of the newest migration in this program."""
    return max(entry.name for entry in _SQL.iterdir() if entry.name.endswith(".sql"))[:-4]


def current_version(connection: psycopg.Connection) -> str | None:
    """The version the warehouse is at, or None when it is empty."""
    known = connection.execute("select to_regclass('raw.schema_version')").fetchone()
    if known is None or known[0] is None:
        return None
    row = connection.execute("select version_num from raw.schema_version").fetchone()
    return None if row is None else str(row[0])


def migrate(warehouse: Warehouse, target: str | None = None) -> str:
    """Bring the warehouse to `target` (the newest version when None); return its version.

    All of it is one transaction under an advisory lock: a kill leaves the version it was at,
    and a second process waits and then finds nothing to do.

    Raises:
        WarehouseUnavailableError: somebody reads what is to be changed, and does not end.
        UsageError: the server is too old, the warehouse is newer than this program, or we may not
            create schemas.
    """
    wanted = target or newest_version()
    with warehouse.connect() as connection:
        _check_server(connection)
        found = current_version(connection)
        if found == wanted:
            pin_timezone(connection, warehouse.timezone)
            return wanted
        if found is not None and found > newest_version():
            raise UsageError(
                f"The warehouse is at schema version {found}, newer than this program "
                f"({newest_version()}): update usage-pipeline."
            )
    try:
        patiently(lambda: _upgrade(warehouse, wanted), "tables", warehouse.lock_timeout)
    except psycopg.errors.InsufficientPrivilege as error:
        reason = error.diag.message_primary
        raise UsageError(
            f"The user of USAGE_DATABASE_URL may not change the schema ({reason}): use the owner "
            "of the database, with CREATEROLE."
        ) from error
    with warehouse.connect() as connection:
        pin_timezone(connection, warehouse.timezone)
    return wanted


def _check_server(connection: psycopg.Connection) -> None:
    found = connection.info.server_version // 10_000
    if found < OLDEST_SERVER:
        raise UsageError(
            f"The server of USAGE_DATABASE_URL is PostgreSQL {found}: use {OLDEST_SERVER} or later."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != ENCODING:
        name = connection.info.dbname
        raise UsageError(
            f"The database {name!r} has the encoding {encoding}, which cannot hold every name: "
            f"let an administrator make one with UTF8 (create database {name}_utf8 "
            "encoding 'UTF8' template template0) and set USAGE_DATABASE_URL to it."
        )


def run_sql(version: str) -> None:
    """Run the SQL file of a version on Alembic's connection. Called by the revisions."""
    from alembic import op

    # The file is plain SQL without parameters: a % in it is a %.
    op.get_bind().exec_driver_sql(
        (_SQL / f"{version}.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def _upgrade(warehouse: Warehouse, target: str) -> None:
    # Alembic and SQLAlchemy take half a second to import, and mostly there is nothing to do.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, exc
    from sqlalchemy.pool import NullPool

    milliseconds = int(warehouse.lock_timeout * 1000)
    config = Config()
    config.set_main_option("script_location", "usage_pipeline.warehouse:migrations")
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(warehouse.conninfo()),
        poolclass=NullPool,
    )
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK:d})")
            # What a migration changes may be read just now: it steps back and tries again.
            connection.exec_driver_sql(f"set local lock_timeout = {milliseconds:d}")
            connection.exec_driver_sql("create schema if not exists raw")
            config.attributes["connection"] = connection
            command.upgrade(config, target)
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
