"""Database sessions: every setting that ours depend on, the same for each client.

A session takes nothing from the server's, the database's or the role's defaults, nor from the
caller's `PG*` variables: each of them could change what a text, a date or a name means. Who opens
sessions stands in `connection`, in `steps/build` (dbt) and in `orchestration/home` (Dagster).
"""

from collections.abc import Mapping
from typing import Final

from psycopg import conninfo, pq

from usage_pipeline.errors import WarehouseUnavailableError

ENCODING: Final = "UTF8"
"""The encoding of every session, and the only one that a database of ours may have."""

SETTINGS: Final[Mapping[str, str]] = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    # Our own SQL names every schema, so that nobody's table of the same name comes before it.
    "search_path": "pg_catalog",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "check_function_bodies": "on",
    "row_security": "on",
    # Each acknowledged row is on disk.
    "synchronous_commit": "on",
    # A time limit for somebody's ad-hoc queries must not end a night half-way.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # A statement ends soon after the process that sent it is gone, and so do its locks.
    "client_connection_check_interval": "1s",
}

_LOGIN: Final = frozenset({"host", "port", "user", "password", "dbname", "options"})


def parameters(url: str) -> dict[str, str]:
    """The connection parameters that a URL names, by libpq's keywords.

    Raises:
        WarehouseUnavailableError: it is not a Postgres URL.
    """
    import psycopg

    try:
        keywords = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise WarehouseUnavailableError(
            "USAGE_DATABASE_URL is not a Postgres URL: write "
            "postgresql://user:password@host:port/database."
        ) from None
    return {keyword: str(value) for keyword, value in keywords.items() if value is not None}


def session_options(url: str = "", **more: str) -> str:
    """The value of libpq's `options`: what the URL asks for, our settings, then `more`.

    The last setting of a name counts, so that a URL cannot change what we depend on.
    """
    own = parameters(url).get("options", "") if url else ""
    settings = {**SETTINGS, **more}
    return " ".join([own, *(f"-c {name}={_escaped(text)}" for name, text in settings.items())])


def client_variables(url: str) -> dict[str, str]:
    """The environment that gives a libpq client its session: settings, encoding, TLS.

    For clients whose own configuration has no place for them, such as dbt's. Host, port, user,
    password and database are not among them.
    """
    variables = {
        str(default.keyword.decode()): default.envvar.decode()
        for default in pq.Conninfo.get_defaults()
        if default.envvar
    }
    keywords = parameters(url)
    return {
        **{
            variables[keyword]: text
            for keyword, text in keywords.items()
            if keyword in variables and keyword not in _LOGIN
        },
        "PGCLIENTENCODING": ENCODING,
        "PGOPTIONS": session_options(url),
    }


def tls_parameters(url: str) -> dict[str, str]:
    """The TLS parameters of a URL that are not secret: mode, certificates, protocol versions."""
    return {
        keyword: text
        for keyword, text in parameters(url).items()
        if keyword.startswith("ssl") and keyword != "sslpassword"
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(" ", "\\ ")
