"""What the pipeline's benchmarks share: a server of their own, and clocks for both sides of it.

Wall time is what a user waits for. CPU time, of this process and of the server, is what the work
itself costs: on a busy machine it is the steadier of the two. The server's is read from `/proc`,
so that it is missing (NaN) on anything but Linux.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg

from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate


@dataclass
class Cost:
    """Seconds: waited, and computed by this process (with its children) and by the server."""

    wall: float = 0.0
    client: float = 0.0
    server: float = 0.0

    @property
    def cpu(self) -> float:
        return self.client + self.server


@dataclass(frozen=True)
class Bench:
    """A server that is gone with the benchmark, and a warehouse in it."""

    home: Path
    server: EmbeddedServer
    warehouse: Warehouse

    @contextmanager
    def measured(self) -> Iterator[Cost]:
        """Measure a block; every connection it used must be closed at its end."""
        cost = Cost()
        client, server, wall = _client_seconds(), self._server_seconds(), time.perf_counter()
        yield cost
        cost.wall = time.perf_counter() - wall
        cost.client = _client_seconds() - client
        # The server counts a backend's time once it has gone, a moment after its connection.
        time.sleep(0.3)
        cost.server = self._server_seconds() - server

    def settle(self) -> None:
        """Write out what earlier work left in memory, so that no later work pays for it."""
        with self.warehouse.connect(autocommit=True) as connection:
            connection.execute("checkpoint")
        time.sleep(0.3)

    def _server_seconds(self) -> float:
        postmaster = (self.server.data / "postmaster.pid").read_text().split("\n")[0]
        status = Path(f"/proc/{postmaster}/stat")
        if not status.exists():
            return nan
        # After the name: user and system time of the children that have ended.
        fields = status.read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bench() -> Iterator[Bench]:
    """Start an embedded server in a temporary home and migrate its warehouse."""
    with TemporaryDirectory(prefix="usage-bench-") as folder:
        home = Path(folder)
        server = EmbeddedServer(home)
        try:
            warehouse = Warehouse(server.start())
            migrate(warehouse)
            yield Bench(home, server, warehouse)
        finally:
            server.destroy()


def typical(costs: list[Cost]) -> Cost:
    """The median of each clock."""
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.client for cost in costs),
        median(cost.server for cost in costs),
    )


def empty(connection: psycopg.Connection) -> None:
    """Drop every execution, and what is known of them."""
    partitions = connection.execute(
        "select inhrelid::regclass::text from pg_inherits "
        "where inhparent = 'raw.workflow_executions_simple'::regclass"
    ).fetchall()
    for (name,) in partitions:
        connection.execute(f"drop table {name}")
    connection.execute(
        "truncate raw.load_ledger, raw.workflows, raw.users, raw.rejected_executions"
    )


def _client_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
