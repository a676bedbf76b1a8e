"""Ctrl-C and SIGTERM: a command stops at once, with its dbt and its statement in the server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError
from psycopg import sql

from tests.faults.stages import FIRST, NIGHT
from tests.faults.world import World
from usage_pipeline.defs.schedules import NIGHTLY
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.locks import lock_days

_OURS = ["usage-pipeline", "dbt"]
_WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = any(%s) and wait_event_type = 'Lock'
"""
_SESSIONS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid not in (pg_backend_pid(), %s)
"""
# The web UI, the daemon and the API keep sessions of their own, which do not work.
_WORKING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid not in (pg_backend_pid(), %s) and state <> 'idle'
"""
_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def _hold_table(name: str, mode: str) -> Callable[[psycopg.Connection], None]:
    statement = sql.SQL("lock table {} in " + mode + " mode").format(
        sql.Identifier(*name.split("."))
    )
    return lambda connection: connection.execute(statement) and None


# What somebody holds so that a stage waits for it in the server.
_HOLDS: dict[str, Callable[[psycopg.Connection], None]] = {
    "load": lambda connection: lock_days(connection, NIGHT),
    "build": _hold_table("marts.user_workflow_usage", "access exclusive"),
    "mine": _hold_table("mining.daily_hours", "access exclusive"),
    "retire": _hold_table(f"raw.workflow_executions_simple_{FIRST:%Y%m%d}", "access share"),
}


@pytest.mark.parametrize("number", _CODES)
def test_a_night_stops_while_it_loads(world: World, number: signal.Signals) -> None:
    with world.copy_of(world.states["load"]) as warehouse:
        _interrupt(world, warehouse, "load", number, "run", str(NIGHT[1]))
        assert _last_run(warehouse) == "CANCELED"


def test_a_load_without_a_run_stops(world: World) -> None:
    files = str(world.home / "days" / "{day}.csv.gz")
    with world.copy_of(world.states["load"]) as warehouse:
        _interrupt(world, warehouse, "load", signal.SIGINT, "load", "--files", files)


@pytest.mark.long
@pytest.mark.parametrize("number", _CODES)
@pytest.mark.parametrize("stage", [stage for stage in _HOLDS if stage != "load"])
def test_a_night_stops_in_every_stage(
    whole_world: World, stage: str, number: signal.Signals
) -> None:
    with whole_world.copy_of(whole_world.states["load"]) as warehouse:
        _interrupt(whole_world, warehouse, stage, number, "run", str(NIGHT[1]))
        assert _last_run(warehouse) == "CANCELED"


@pytest.mark.long
def test_a_backfill_stops_while_dbt_builds(whole_world: World) -> None:
    with whole_world.copy_of(whole_world.states["load"]) as warehouse:
        days = map(str, NIGHT)
        _interrupt(whole_world, warehouse, "build", signal.SIGINT, "backfill", *days)
        assert _last_run(warehouse) == "CANCELED"


@pytest.mark.long
@pytest.mark.parametrize("how", ["canceled in the web UI", "stopped with its daemon"])
def test_a_run_of_the_web_ui_stops(whole_world: World, how: str) -> None:
    world = whole_world
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = [first.getsockname()[1], second.getsockname()[1]]
    log = world.home / "up.log"
    options = ["--port", str(ports[0]), "--api-port", str(ports[1])]
    with (
        world.copy_of(world.states["load"]) as warehouse,
        _holding(warehouse, "build") as holder,
        _running(world, warehouse, ("up", *options), log) as up,
    ):
        client = DagsterGraphQLClient("127.0.0.1", port_number=ports[0])
        run_id = _until(lambda: up.poll() is None and _launched(client), 120)
        _until(lambda: _count(warehouse, _WAITING, _OURS) > 0, 120)
        if how == "canceled in the web UI":
            client.terminate_run(str(run_id))
            _until(lambda: _last_run(warehouse) == "CANCELED", 30)
        else:
            up.send_signal(signal.SIGTERM)
            assert up.wait(40) == 143, log.read_text()
            assert _last_run(warehouse) == "CANCELED"
        _until(lambda: _count(warehouse, _WORKING, holder) == 0, 10)


def _launched(client: DagsterGraphQLClient) -> str | None:
    """The id of a night's run, or None while the web UI does not answer."""
    try:
        return client.submit_job_execution(NIGHTLY, tags={"dagster/partition": str(NIGHT[1])})
    except (DagsterGraphQLClientError, OSError):
        return None


def _interrupt(
    world: World, warehouse: Warehouse, stage: str, number: signal.Signals, *command: str
) -> None:
    """Run a command, interrupt it in a stage, and assert that nothing of it is left."""
    log = world.home / "interrupted.log"
    with _holding(warehouse, stage) as holder, _running(world, warehouse, command, log) as process:
        _until(lambda: process.poll() is not None or _count(warehouse, _WAITING, _OURS) > 0, 120)
        assert process.poll() is None, log.read_text()
        process.send_signal(number)
        assert process.wait(20) == _CODES[number], log.read_text()
        assert log.read_text().splitlines()[-1] == "Interrupted: nothing half-done was kept."
        # The holder still holds: what waited for it has been ended, not let through.
        _until(lambda: _count(warehouse, _SESSIONS, holder) == 0, 5)


@contextmanager
def _holding(warehouse: Warehouse, stage: str) -> Iterator[int]:
    with psycopg.connect(warehouse.url, application_name="holder") as connection:
        _HOLDS[stage](connection)
        yield connection.info.backend_pid


@contextmanager
def _running(
    world: World, warehouse: Warehouse, command: tuple[str, ...], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "USAGE_HOME": str(world.home),
        "USAGE_DATABASE_URL": warehouse.url,
        "USAGE_RETENTION_DAYS": "7",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "usage_pipeline.cli", *command],
            env={**os.environ, **environment},
            stdout=stream,
            stderr=stream,
            # A shell in the background starts its children with interrupts ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


def _count(warehouse: Warehouse, query: str, value: object) -> int:
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute(query, [value]).fetchone()
    assert row is not None
    return int(row[0])


def _last_run(warehouse: Warehouse) -> str:
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute("select status from dagster.runs order by id desc").fetchone()
    assert row is not None
    return str(row[0])


def _until(holds: Callable[[], object], seconds: float) -> object:
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer
