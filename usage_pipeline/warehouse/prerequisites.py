"""Checks that a database can hold our tables, before we make or change any.

Each refusal is one sentence with the statement that an administrator must run. Nothing is
changed here, so that a database that belongs to others stays as it is.
"""

from typing import Final, LiteralString

import psycopg

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.session import ENCODING

OLDEST_SERVER = 16  # the first with roles that are granted to be become, not to be inherited
SCHEMAS: Final = ("raw", "staging", "intermediate", "marts", "mining", "dagster")
ROLES: Final = ("usage_loader", "usage_transformer", "usage_miner", "usage_reader", "usage_api")
# Nobody becomes the role of readers: logins are made members of it.
_BECOME: Final = tuple(role for role in ROLES if role != "usage_reader")

_SCHEMAS_IN_USE: Final = """
    select schema.nspname, pg_get_userbyid(schema.nspowner)
    from pg_namespace as schema
    where schema.nspname = any(%s)
        and (
            not pg_has_role(current_user, schema.nspowner, 'usage')
            or exists (select from pg_class where relnamespace = schema.oid)
            or exists (select from pg_proc where pronamespace = schema.oid)
        )
    order by schema.nspname
"""

_OWNER: Final = """
    select pg_get_userbyid(relowner), pg_has_role(current_user, relowner, 'usage')
    from pg_class
    inner join pg_namespace on relnamespace = pg_namespace.oid
    where nspname = 'raw' and relname = 'schema_version'
"""

# Who may grant a role may grant it to himself, which the migrations do.
_ROLES_OF_THE_SERVER: Final = """
    select
        wanted.name,
        role.oid is not null,
        pg_has_role(current_user, role.oid, 'member with admin option')
        or (
            pg_has_role(current_user, role.oid, 'set')
            and pg_has_role(current_user, role.oid, 'usage')
        )
    from unnest(%s::text[]) with ordinality as wanted (name, position)
    left join pg_roles as role on wanted.name = role.rolname
    order by wanted.position
"""


def check_server(connection: psycopg.Connection) -> None:
    """Raise a UsageError where the server is too old or the database cannot hold every name."""
    server = connection.info.server_version // 10_000
    if server < OLDEST_SERVER:
        raise UsageError(
            f"The server of USAGE_DATABASE_URL is PostgreSQL {server}: "
            f"use {OLDEST_SERVER} or later."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != ENCODING:
        name = connection.info.dbname
        raise UsageError(
            f"The database {name!r} has the encoding {encoding}, which cannot hold every name: "
            f"let an administrator make one with UTF8 (create database {name}_utf8 "
            "encoding 'UTF8' template template0) and set USAGE_DATABASE_URL to it."
        )


def is_warehouse(connection: psycopg.Connection) -> bool:
    """Whether the database holds our tables, asked without a right to see them."""
    return connection.execute(_OWNER).fetchone() is not None


def check_new_database(connection: psycopg.Connection) -> None:
    """Raise a UsageError where a database without our tables holds those of others, or no room.

    A schema may be there already if it is empty and the login owns it.
    """
    user, database = _login(connection)
    rows = connection.execute(_SCHEMAS_IN_USE, [list(SCHEMAS)]).fetchall()
    if rows:
        schemas = ", ".join(f"{name} (owned by {owner})" for name, owner in rows)
        raise UsageError(
            f"The database {database} is in use by others, and nothing was changed in it: it has "
            f"the schema {schemas}. Let an administrator run: create database usage owner "
            f"{_quoted(connection, user)}; and set USAGE_DATABASE_URL to that database."
        )
    if not _holds(connection, "has_database_privilege(current_database(), 'create')"):
        raise UsageError(
            f"User {user!r} may not make schemas in the database {database!r}: let an "
            f"administrator run: grant create on database {_quoted(connection, database)} to "
            f"{_quoted(connection, user)};"
        )


def check_roles(connection: psycopg.Connection) -> None:
    """Raise a UsageError where the login can neither make our roles nor become them.

    Roles belong to the server: another installation may have made them.
    """
    user, _ = _login(connection)
    rows = connection.execute(_ROLES_OF_THE_SERVER, [list(ROLES)]).fetchall()
    missing = [name for name, exists, _ in rows if not exists]
    if missing and not _holds(
        connection,
        "(select rolsuper or rolcreaterole from pg_roles where rolname = current_user)",
    ):
        raise UsageError(
            f"User {user!r} may not make the roles {', '.join(missing)}: let an administrator "
            f"run: alter role {_quoted(connection, user)} createrole;"
        )
    foreign = ", ".join(
        name for name, exists, is_ours in rows if exists and not is_ours and name in _BECOME
    )
    if foreign:
        raise UsageError(
            f"User {user!r} cannot become the roles {foreign}, which another installation on this "
            f"server made: let an administrator run: grant {foreign} to "
            f"{_quoted(connection, user)};"
        )


def check_owner(connection: psycopg.Connection) -> None:
    """Raise a UsageError where the warehouse in this database belongs to somebody else."""
    user, database = _login(connection)
    row = connection.execute(_OWNER).fetchone()
    if row is not None and not row[1]:
        raise UsageError(
            f"The warehouse in the database {database!r} belongs to user {row[0]!r}, and only its "
            f"owner may run the pipeline: name {row[0]!r} instead of {user!r} in "
            "USAGE_DATABASE_URL."
        )


def _login(connection: psycopg.Connection) -> tuple[str, str]:
    """The user that we log in as, and the database."""
    return connection.info.user, connection.info.dbname


def _holds(connection: psycopg.Connection, condition: LiteralString) -> bool:
    return bool(_value(connection, "select " + condition))


def _quoted(connection: psycopg.Connection, name: str) -> str:
    """The name as a statement has to write it, in quotes only where they are needed."""
    return str(_value(connection, "select quote_ident(%s)", name))


def _value(connection: psycopg.Connection, query: LiteralString, *parameters: str) -> object:
    row = connection.execute(query, parameters).fetchone()
    return row and row[0]
