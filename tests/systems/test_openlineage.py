"""The client of OpenLineage from PyPI, reporting to our API."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems.installed import answers, free_port, install, running, until
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse

pytestmark = pytest.mark.systems

_EVENTS = """
from datetime import datetime, timedelta, timezone

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Dataset, Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run, ownership_job
from openlineage.client.uuid import generate_new_uuid

client = OpenLineageClient()
owners = ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name="team:data")])
job = Job(namespace="shop", name="orders", facets={"ownership": owners})
start = datetime.now(timezone.utc) - timedelta(minutes=5)
for last in (RunState.COMPLETE, RunState.FAIL, RunState.ABORT):
    facets = {}
    if last == RunState.FAIL:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet("no disk", "python")
    run = str(generate_new_uuid())
    for state, minutes in ((RunState.START, 0), (RunState.RUNNING, 1), (last, 2)):
        client.emit(
            RunEvent(
                eventType=state,
                eventTime=(start + timedelta(minutes=minutes)).isoformat(),
                run=Run(runId=run, facets=facets if state == last else {}),
                job=job,
                producer="https://example.org/tests",
                inputs=[Dataset(namespace="db", name="secret_table")],
            )
        )
client.close()
"""


def test_what_its_client_sends_is_tracked(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    programs = install(tmp_path / "environment", "openlineage-python")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"USAGE_HOME": str(settings.home), "USAGE_DATABASE_URL": warehouse.url}
    command = [sys.executable, "-m", "usage_pipeline.cli", "api", "--port", str(port)]
    log = tmp_path / "api.log"
    with running(command, environment, log):
        until(lambda: answers(f"{url}/health"), 60, log)
        (tmp_path / "events.py").write_text(_EVENTS)
        subprocess.run(
            [str(programs / "python"), str(tmp_path / "events.py")],
            env={**os.environ, "OPENLINEAGE_URL": url}, check=True, timeout=60,
        )  # fmt: skip
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select source_user_id, source_workflow_id, status, count(*), max(error_message) "
            "from raw.tracked_executions group by 1, 2, 3 order by 3"
        ).fetchall()
    assert rows == [
        ("team:data", "shop/orders", "cancelled", 1, None),
        ("team:data", "shop/orders", "completed", 1, None),
        ("team:data", "shop/orders", "failed", 1, "no disk"),
        ("team:data", "shop/orders", "started", 3, None),
    ]
