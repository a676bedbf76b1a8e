"""Connections to the warehouse, its URL, and what its errors mean to a user.

Everything that talks to the warehouse from Python goes through a `Warehouse`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote, urlencode

import psycopg
from psycopg import conninfo, pq

from usage_pipeline.errors import UsageError, WarehouseUnavailableError
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.roles import Role
from usage_pipeline.warehouse.session import ENCODING, parameters, session_options, tls_parameters

_CANCEL_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Warehouse:
    """Where the warehouse is and how to connect to it.

    Attributes:
        url: the owner's URL, password included; never printed by `repr`.
        timezone: the zone of execution dates.
        connect_timeout: seconds to wait for a connection.
        lock_timeout: seconds one attempt waits for a lock that readers hold.
        role: what connections act as; None for the owner.
    """

    url: str = field(repr=False)
    timezone: str = "UTC"
    # A server that is there answers within a second or two.
    connect_timeout: int = 10
    # Readers queue behind an attempt, so that it must be short; each attempt is followed by others.
    lock_timeout: float = 3.0
    role: Role | None = None

    def acting_as(self, role: Role) -> "Warehouse":
        """The same warehouse, on which connections may do what the role may and no more."""
        return replace(self, role=role)

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        """Open a connection: committed at the end of the block, rolled back on an error.

        Raises:
            WarehouseUnavailableError: the server is not there, refuses us, or went away.
        """
        try:
            connection = psycopg.connect(self.conninfo(), autocommit=autocommit, keepalives_idle=30)
        except psycopg.Error as error:
            raise WarehouseUnavailableError(_refusal(error, self.parts, self.role)) from None
        try:
            with connection, _ended_when_interrupted(connection):
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if isinstance(error, psycopg.errors.DiskFull):
                raise WarehouseUnavailableError(
                    f"The warehouse at {self.address} has no disk space left: free some and run "
                    "this again; nothing of this step was kept."
                ) from error
            if _is_lost(error):
                raise WarehouseUnavailableError(
                    f"The connection to the warehouse at {self.address} was lost: nothing of this "
                    "step was kept; run it again."
                ) from error
            raise

    def conninfo(self, application: str = "usage-pipeline", **settings: str) -> str:
        """The connection string for psycopg and ADBC: the URL and every setting of our sessions.

        Args:
            application: the name that the server shows for the session.
            settings: further settings of the session, such as `statement_timeout`.
        """
        # From its first statement on, a connection is no more than its work needs.
        role = {"role": str(self.role)} if self.role else {}
        return conninfo.make_conninfo(
            self.url,
            application_name=application,
            connect_timeout=self.connect_timeout,
            client_encoding=ENCODING,
            options=session_options(self.url, **role, **settings),
        )

    @property
    def parts(self) -> dict[str, str]:
        """Host, port, user, password and dbname, as strings, with libpq's defaults."""
        defaults = {"host": "127.0.0.1", "port": "5432", "user": "", "password": "", "dbname": ""}
        parts = {**defaults, **parameters(self.url)}
        parts["dbname"] = parts["dbname"] or parts["user"]
        return parts

    def url_of_login(self, name: str, password: str) -> str:
        """The URL with which another login reaches this database, with the same TLS settings."""
        parts = self.parts
        host, query = parts["host"], tls_parameters(self.url)
        # A certificate of the owner's is not the login's.
        for owners in ("sslcert", "sslkey"):
            query.pop(owners, None)
        if host.startswith("/"):
            query["host"], host = host, ""
        elif ":" in host:
            host = f"[{host}]"
        login = f"{quote(name, safe='')}:{quote(password, safe='')}@{host}:{parts['port']}"
        address = f"postgresql://{login}/{quote(parts['dbname'], safe='')}"
        return f"{address}?{urlencode(query)}" if query else address

    @property
    def address(self) -> str:
        """The server and database without the credentials, for messages."""
        parts = self.parts
        return f"{parts['host']}:{parts['port']}/{unquote(parts['dbname'])}"


def open_warehouse(settings: Settings) -> Warehouse:
    """Find the warehouse the settings name, starting the embedded server if it is that.

    Raises:
        UsageError: the home cannot be used.
        WarehouseUnavailableError: the embedded server cannot be started.
    """
    settings.make_home()
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        url = EmbeddedServer(settings.home).start()
    return Warehouse(url, timezone=settings.timezone)


def pin_timezone(connection: psycopg.Connection, timezone: str) -> None:
    """Record the zone of execution dates at first use and refuse another one later.

    Raises:
        UsageError: days were loaded in another zone.
    """
    connection.execute(
        "insert into raw.warehouse_settings (name, value) values ('timezone', %s) "
        "on conflict do nothing",
        [timezone],
    )
    row = connection.execute(
        "select value, exists (select from raw.load_ledger) "
        "from raw.warehouse_settings where name = 'timezone'"
    ).fetchone()
    if row is None or row[0] == timezone:
        return
    if row[1]:
        raise UsageError(
            f"This warehouse holds days in the time zone {row[0]}, but USAGE_TIMEZONE is "
            f"{timezone}: set it back, or load into a new warehouse."
        )
    connection.execute(
        "update raw.warehouse_settings set value = %s where name = 'timezone'", [timezone]
    )


@contextmanager
def _ended_when_interrupted(connection: psycopg.Connection) -> Iterator[None]:
    """End the statement in the server when the block is interrupted, by whatever exception.

    psycopg does so for a KeyboardInterrupt alone.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException:
        if connection.info.transaction_status == pq.TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_CANCEL_SECONDS)
            connection.close()
        raise


def _is_lost(error: psycopg.Error) -> bool:
    """Whether the connection broke, or the server ended it; else it is an error of a statement."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


def _refusal(error: psycopg.Error, parts: dict[str, str], role: Role | None) -> str:
    address = f"{parts['host']}:{parts['port']}"
    text = str(error)
    if role and ("to set role" in text or f'role "{role}" does not exist' in text):
        return (
            f"The warehouse at {address} does not let user {parts['user']!r} act as {role}: let an "
            f"administrator run: grant {role} to {parts['user']}."
        )
    if "password" in text or "authentication" in text or "no pg_hba.conf" in text:
        return (
            f"The warehouse at {address} refuses user {parts['user']!r}: check the user and the "
            "password in USAGE_DATABASE_URL."
        )
    if "does not exist" in text:
        return (
            f"The server at {address} has no database {parts['dbname']!r} or no user "
            f"{parts['user']!r}: create it or correct USAGE_DATABASE_URL."
        )
    return (
        f"The warehouse at {address} does not answer: check that the server runs and that "
        "USAGE_DATABASE_URL names it."
    )
