"""The orchestrator killed: what it had started ends with it, and the next one catches up."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from usage_pipeline.orchestration.home import prepare_dagster_home
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import prepared_manifest
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import loaded_days

_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    # A zombie waits for its new parent; it no longer does anything.
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_is_attached_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    # dbt takes longer to import than this test waits.
    script = (
        "import os, subprocess, sys; from usage_pipeline.processes import parent_environment;"
        "child = subprocess.Popen([sys.executable, '-m', 'usage_pipeline.processes', "
        "'dbt.cli.main', 'debug'], env={**os.environ, **parent_environment()},"
        "stdout=subprocess.DEVNULL);"
        "print(child.pid, flush=True); child.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _is_running(child)
    parent.kill()
    parent.wait()
    _until(lambda: not _is_running(child), 5)


def _free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except OSError:
        return False


@pytest.mark.long
def test_nights_that_a_killed_daemon_missed_are_loaded_after_a_restart(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    days = [yesterday - timedelta(days=offset) for offset in range(4, -1, -1)]
    _write_files(settings.home, days)
    load_configured_days(warehouse, settings, days[:1])
    prepare_dagster_home(settings, warehouse)
    prepared_manifest(settings)
    # The night's tick is in two minutes; `up` is killed before, and started again after it.
    due = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    port = _free_port()
    first = _up(settings, warehouse, tmp_path, port, due)
    try:
        _until(lambda: first.poll() is not None or _answers(port), 90)
        assert first.poll() is None, (tmp_path / "up.log").read_text()[-2000:]
        _until(lambda: _schedule_is_known(warehouse), 60)
        assert datetime.now(UTC) < due, "the machine is too slow for this test"
    finally:
        first.kill()
        first.wait()
    _until(lambda: not _answers(port), 10)
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() + 1))
    assert _loaded(warehouse) == days[:1]
    second = _up(settings, warehouse, tmp_path, port, due)
    try:
        _until(lambda: _loaded(warehouse) == days, 120)
    finally:
        second.send_signal(signal.SIGINT)
        second.wait(60)


def _write_files(home: Path, days: list[date]) -> None:
    (home / "apps").mkdir(parents=True)
    for day in days:
        row = f"{day},ana,report,Report,{day}T09:00:00Z,{day}T09:05:00Z,completed,manual\n"
        (home / "apps" / f"{day}.csv").write_text(_HEADER + row)
    (home / "sources.yaml").write_text("- {name: apps, path: 'apps/{day}.csv'}\n")


def _up(
    settings: Settings, warehouse: Warehouse, folder: Path, port: int, due: datetime
) -> subprocess.Popen[bytes]:
    with (folder / "up.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "usage_pipeline.cli", "up", "--port", str(port)],
            cwd=folder,
            env={
                **os.environ,
                "USAGE_HOME": str(settings.home),
                "USAGE_DATABASE_URL": warehouse.url,
                "USAGE_SCHEDULE_TIME": f"{due:%H:%M}",
                "USAGE_API_PORT": str(_free_port()),
            },
            stdout=log,
            stderr=log,
        )


def _schedule_is_known(warehouse: Warehouse) -> bool:
    """Whether the daemon has seen the schedule, from when on it knows what it has missed."""
    with warehouse.connect() as connection:
        table = connection.execute("select to_regclass('dagster.instigators')").fetchone()
        if table == (None,):
            return False
        row = connection.execute(
            "select count(*) from dagster.instigators where instigator_type = 'SCHEDULE'"
        ).fetchone()
    return row is not None and row[0] > 0


def _loaded(warehouse: Warehouse) -> list[date]:
    with warehouse.connect() as connection:
        return loaded_days(connection)
