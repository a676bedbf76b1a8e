"""Dagster's own web server: runs of every outcome, run and then read over GraphQL."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.systems.installed import answers, free_port, running, until
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import read_sources_file
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.steps.reconcile import reconcile
from usage_pipeline.warehouse.connection import Warehouse

pytestmark = pytest.mark.systems

_JOBS = """
import dagster as dg


@dg.op
def work(): ...


@dg.op
def fail():
    raise ValueError("the disk is full")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def fail_once(context):
    if context.retry_number == 0:
        raise ValueError("not yet")


@dg.job
def succeeds():
    work()


@dg.job
def fails():
    fail()


@dg.job
def succeeds_again():
    fail_once()


defs = dg.Definitions(jobs=[succeeds, fails, succeeds_again])
"""
_RUNS = """
import dagster as dg
from jobs import defs

by_hand = {"user": "ana"}
scheduled = {"dagster/schedule_name": "nightly"}
sensed = {"dagster/sensor_name": "files"}
with dg.DagsterInstance.get() as instance:
    def run(name, tags):
        job = defs.resolve_job_def(name)
        return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)

    for _ in range(7):
        run("succeeds", by_hand)
    run("fails", scheduled)
    run("succeeds_again", sensed)
    first = run("fails", by_hand).run_id
    again = {"dagster/root_run_id": first, "dagster/parent_run_id": first}
    job = defs.resolve_job_def("succeeds")
    retry = instance.create_run_for_job(
        defs.resolve_job_def("fails"), root_run_id=first, parent_run_id=first,
        tags={**by_hand, **again, "dagster/retry_number": "1"},
    )
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run

    execute_run(InMemoryJob(defs.resolve_job_def("fails")), retry, instance)
    instance.create_run_for_job(job, tags=by_hand)
    stopped = instance.create_run_for_job(job, tags=by_hand)
    instance.report_run_canceled(stopped)
"""


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dagster")
    (folder / "jobs.py").write_text(_JOBS)
    (folder / "runs.py").write_text(_RUNS)
    environment = {"DAGSTER_HOME": str(folder), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    subprocess.run(
        [sys.executable, "runs.py"], cwd=folder, env={**os.environ, **environment}, check=True,
        capture_output=True, timeout=300,
    )  # fmt: skip
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "dagster_webserver", "-p", str(port), "-f", str(folder / "jobs.py"),
    ]  # fmt: skip
    log = folder / "server.log"
    with running(command, environment, log):
        until(lambda: answers(f"{url}/server_info"), 120, log)
        yield url


def test_what_ran_is_what_is_loaded(dagster: str, warehouse: Warehouse, settings: Settings) -> None:
    settings.sources_path.parent.mkdir(parents=True, exist_ok=True)
    settings.sources_path.write_text(
        f"- {{name: dagster, kind: dagster, url: '{dagster}', default_user: nobody}}\n"
    )
    today = datetime.now(UTC).date()
    for _ in range(2):
        load_configured_days(warehouse, settings, [today - timedelta(days=1), today])
        with warehouse.connect() as connection:
            rows = connection.execute(
                "select workflow_name, status::text, trigger_type::text, attempt, source_user_id "
                "from raw.workflow_executions_simple "
                "inner join raw.workflows using (workflow_id) inner join raw.users using (user_id)"
            ).fetchall()
        assert Counter(rows) == {
            ("succeeds", "completed", "manual", 1, "ana"): 7,
            ("succeeds", "cancelled", "manual", 1, "ana"): 1,
            ("fails", "failed", "scheduled", 1, "nobody"): 1,
            ("fails", "failed", "manual", 1, "ana"): 1,
            ("fails", "failed", "manual", 2, "ana"): 1,
            ("succeeds_again", "completed", "chained", 1, "nobody"): 1,
        }
        for config in read_sources_file(settings.sources_path):
            compared = reconcile(warehouse, settings, config, today)
            assert compared.differing.empty, compared.differing
