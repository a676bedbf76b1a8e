"""The client end to end: the API is killed under load, and every execution arrives once."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from usage_pipeline.client import Client
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse


def started(settings: Settings, warehouse: Warehouse, port: int) -> subprocess.Popen[bytes]:
    """A process that serves the API."""
    environment = {
        **os.environ,
        "USAGE_HOME": str(settings.home),
        "USAGE_DATABASE_URL": warehouse.url,
        "USAGE_API_PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "usage_pipeline.cli", "api"],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the API ended"
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health")
            return process
        time.sleep(0.05)
    raise AssertionError("the API did not start")


def test_an_api_that_is_killed_under_load_loses_no_tracked_execution_and_doubles_none(
    settings: Settings, warehouse: Warehouse
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = started(settings, warehouse, port)
    try:
        with Client(f"http://127.0.0.1:{port}", user_id="ana", send_interval=0.02) as client:
            tracked = client.track("report")(lambda: None)
            count = 0
            for kill in (True, False):
                until = time.monotonic() + 1.5
                while time.monotonic() < until or client.stats.accepted == 0:
                    tracked()
                    count += 1
                    time.sleep(0.001)
                if kill:
                    api.send_signal(signal.SIGKILL)
                    api.wait()
                    tracked()
                    count += 1
                    api = started(settings, warehouse, port)
            assert client.flush(60), client.stats
            stats = client.stats
        assert stats.retries > 0
        assert (stats.dropped, stats.rejected) == (0, 0), stats
    finally:
        api.kill()
        api.wait()
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute(
            "select count(*), count(distinct source_id) from raw.tracked_executions "
            "where status = 'completed'"
        ).fetchone()
    assert row == (count, count)
