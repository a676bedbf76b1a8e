"""Airflow 3 of PyPI's newest release: DAG runs of every outcome, run and then read."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.systems.installed import answers, free_port, install, running, until
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import read_sources_file
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.steps.reconcile import reconcile
from usage_pipeline.warehouse.connection import Warehouse

pytestmark = pytest.mark.systems

_PASSWORD = "sesame-seed"
_DAGS = """
import time
from datetime import datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task


def one_task(name, work, schedule=None):
    with DAG(
        name, schedule=schedule, start_date=datetime(2026, 1, 1), catchup=False,
        is_paused_upon_creation=False, dag_display_name=f"The {name} one",
    ):
        task(work, task_id="work")()


def fail():
    raise ValueError("the disk is full")


one_task("succeeds", lambda: None)
one_task("fails", fail)
one_task("goes_on", lambda: time.sleep(600))
one_task("scheduled", lambda: None, "@once")
with DAG("triggers", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    TriggerDagRunOperator(task_id="trigger", trigger_dag_id="succeeds")
"""
_TRIGGERED = ["succeeds"] * 105 + ["fails", "fails", "goes_on", "triggers"]
_DAG_IDS = {"succeeds", "fails", "goes_on", "scheduled", "triggers"}
_WANTED = {
    ("The succeeds one", "completed", "api", "admin"): 105,
    ("The succeeds one", "completed", "chained", "admin"): 1,
    ("The fails one", "failed", "api", "admin"): 2,
    ("The goes_on one", "started", "api", "admin"): 1,
    ("The scheduled one", "completed", "scheduled", "scheduler"): 1,
    ("triggers", "completed", "api", "admin"): 1,
}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("airflow")
    programs = install(folder / "environment", "apache-airflow==3.*")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({"admin": _PASSWORD, "reader": _PASSWORD}))
    (folder / "dags").mkdir()
    (folder / "dags" / "all.py").write_text(_DAGS)
    environment = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "200",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,reader:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test's own, long enough to sign with it",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    program = str(programs / "airflow")
    subprocess.run(
        [program, "db", "migrate"], env={**os.environ, **environment}, check=True,
        capture_output=True, timeout=300,
    )  # fmt: skip
    with ExitStack() as servers:
        for name in ("dag-processor", "scheduler", "api-server"):
            command = [program, name, *(["--port", str(port)] if name == "api-server" else [])]
            log = folder / f"{name}.log"
            servers.enter_context(running(command, environment, log))
        until(lambda: answers(f"{url}/api/v2/version"), 240, log)
        _run(url, folder / "scheduler.log")
        yield url


def _run(url: str, log: Path) -> None:
    """Trigger the DAGs and wait until all has happened that will."""
    sign_in = {"username": "admin", "password": _PASSWORD}
    token = httpx.post(f"{url}/auth/token", json=sign_in, timeout=30).json()["access_token"]
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as client:

        def states() -> Counter[tuple[str, str]]:
            seen: Counter[tuple[str, str]] = Counter()
            for offset in (0, 100):
                path = f"/api/v2/dags/~/dagRuns?limit=100&order_by=id&offset={offset}"
                rows = client.get(path).json()["dag_runs"]
                seen.update((row["dag_id"], row["state"]) for row in rows)
            return seen

        def ids() -> set[str]:
            return {dag["dag_id"] for dag in client.get("/api/v2/dags").json()["dags"]}

        until(lambda: ids() >= _DAG_IDS, 240, log)
        for dag_id in _TRIGGERED:
            path = f"/api/v2/dags/{dag_id}/dagRuns"
            # Its SQLite is locked now and then, which it answers with 500.
            until(
                lambda path=path: client.post(path, json={"logical_date": None}).is_success, 60, log
            )
        wanted = {
            ("succeeds", "success"): 106,
            ("fails", "failed"): 2,
            ("goes_on", "running"): 1,
            ("scheduled", "success"): 1,
            ("triggers", "success"): 1,
        }
        until(lambda: states() == wanted, 1_500, log)


def test_what_ran_is_what_is_loaded(
    airflow: str, warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_PASSWORD", _PASSWORD)
    settings.sources_path.parent.mkdir(parents=True, exist_ok=True)
    settings.sources_path.write_text(
        f"- {{name: airflow, kind: airflow, url: '{airflow}', user: reader,"
        " password: '${AIRFLOW_PASSWORD}', default_user: scheduler}\n"
    )
    today = datetime.now(UTC).date()
    for _ in range(2):
        load_configured_days(warehouse, settings, [today - timedelta(days=1), today])
        with warehouse.connect() as connection:
            rows = connection.execute(
                "select workflow_name, status::text, trigger_type::text, source_user_id "
                "from raw.workflow_executions_simple "
                "inner join raw.workflows using (workflow_id) inner join raw.users using (user_id)"
            ).fetchall()
        assert Counter(rows) == _WANTED
        for config in read_sources_file(settings.sources_path):
            compared = reconcile(warehouse, settings, config, today)
            assert compared.differing.empty, compared.differing
