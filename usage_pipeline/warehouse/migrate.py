"""Brings the schemas Python owns to the newest version, once, however many processes ask.

Migrations only go forward: a warehouse newer than this program is refused.
"""

from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec

import psycopg

from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse, open_warehouse, pin_timezone
from usage_pipeline.warehouse.locks import limit_waiting, patiently
from usage_pipeline.warehouse.prerequisites import (
    check_new_database,
    check_owner,
    check_roles,
    check_server,
    is_warehouse,
)

_LOCK = 0x75736167  # "usag": one number for the advisory lock of migrations
_SQL = files("usage_pipeline.warehouse") / "migrations" / "sql"


def newest_version() -> str:
    """The version of the newest migration in this program."""
    return _versions()[-1]


def _versions() -> list[str]:
    """The versions in order: the names of the SQL files."""
    names = (entry.name for entry in _SQL.iterdir())
    return sorted(name.removesuffix(".sql") for name in names if name.endswith(".sql"))


def current_version(connection: psycopg.Connection) -> str | None:
    """The version the warehouse is at, or None when it is empty."""
    if not is_warehouse(connection):
        return None
    row = connection.execute("select version_num from raw.schema_version").fetchone()
    return None if row is None else str(row[0])


def migrate(warehouse: Warehouse, target: str | None = None) -> str:
    """Bring the warehouse to `target` (the newest version when None); return its version.

    All of it is one transaction under an advisory lock: a kill leaves the version it was at,
    and a second process waits and then finds nothing to do.

    Raises:
        WarehouseUnavailableError: somebody reads what is to be changed, and does not end.
        UsageError: the server is too old, the warehouse is newer than this program, or the
            database is not ours to change.
    """
    target = target or newest_version()
    with warehouse.connect() as connection:
        check_server(connection)
        check_owner(connection)
        version = current_version(connection)
        if version == target:
            pin_timezone(connection, warehouse.timezone)
            return target
        if version is not None and version not in _versions():
            raise UsageError(
                f"The warehouse is at schema version {version}, newer than this program "
                f"({newest_version()}): update usage-pipeline."
            )
    try:
        patiently(lambda: _upgrade(warehouse, target), "tables", warehouse.lock_timeout)
    except psycopg.errors.InsufficientPrivilege as error:
        reason = error.diag.message_primary
        raise UsageError(
            f"The user of USAGE_DATABASE_URL may not change the schema ({reason}): use the owner "
            "of the database, with CREATEROLE."
        ) from error
    with warehouse.connect() as connection:
        pin_timezone(connection, warehouse.timezone)
    return target


def open_current_warehouse(settings: Settings) -> Warehouse:
    """The warehouse of these settings, with its server running and its schema current."""
    warehouse = open_warehouse(settings)
    migrate(warehouse)
    return warehouse


def _upgrade(warehouse: Warehouse, target: str) -> None:
    with warehouse.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        # Readers may hold a table that a migration changes: it steps back and tries again.
        limit_waiting(connection, warehouse.lock_timeout)
        current = current_version(connection)
        if current is None:
            check_new_database(connection)
        check_roles(connection)
        connection.execute("create schema if not exists raw")
        connection.execute(
            "create table if not exists raw.schema_version (version_num varchar(32) not null, "
            "constraint schema_version_pkc primary key (version_num))"
        )
        for version in _versions():
            if (current or "") < version <= target:
                _run(connection, version)


def _run(connection: psycopg.Connection, version: str) -> None:
    module = f"usage_pipeline.warehouse.migrations.v{version}"
    if find_spec(module):
        import_module(module).prepare(connection)
    # Without parameters a file may hold many statements, and a % in it is a %.
    connection.execute((_SQL / f"{version}.sql").read_bytes())
    connection.execute("delete from raw.schema_version")
    connection.execute("insert into raw.schema_version (version_num) values (%s)", [version])
