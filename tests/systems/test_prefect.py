"""A Prefect server of PyPI's newest release: flows of every outcome, run and then read."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.systems.installed import answers, free_port, install, running, until
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import read_sources_file
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.steps.reconcile import reconcile
from usage_pipeline.warehouse.connection import Warehouse

pytestmark = pytest.mark.systems

_FLOWS = """
import asyncio
from datetime import datetime, timedelta, timezone

from prefect import flow, get_client
from prefect.states import Cancelled, Running, Scheduled

tries = []


@flow
def succeeds(): ...


@flow
def fails():
    raise ValueError("the disk is full")


@flow(retries=1, retry_delay_seconds=0)
def succeeds_again():
    tries.append(1)
    if len(tries) == 1:
        raise ValueError("not yet")


@flow
def child(): ...


@flow
def parent():
    child()


@flow
def is_cancelled():
    return Cancelled(message="somebody stopped it")


@flow
def goes_on(): ...


async def open_runs():
    async with get_client() as client:
        run = await client.create_flow_run(goes_on)
        await client.set_flow_run_state(run.id, Running(), force=True)
        tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
        await client.create_flow_run(goes_on, state=Scheduled(scheduled_time=tomorrow))


for _ in range(3):
    succeeds()
fails(return_state=True)
succeeds_again()
parent()
is_cancelled(return_state=True)
asyncio.run(open_runs())
"""


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prefect")
    programs = install(folder / "environment", "prefect")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    log = folder / "server.log"
    command = [str(programs / "prefect"), "server", "start", "--port", str(port), "--no-ui"]
    with running(command, environment, log):
        until(lambda: answers(f"{url}/health"), 180, log)
        (folder / "flows.py").write_text(_FLOWS)
        subprocess.run(
            [str(programs / "python"), str(folder / "flows.py")],
            env={**os.environ, **environment}, check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        yield url


def test_what_ran_is_what_is_loaded(prefect: str, warehouse: Warehouse, settings: Settings) -> None:
    settings.sources_path.parent.mkdir(parents=True, exist_ok=True)
    settings.sources_path.write_text(
        f"- {{name: prefect, kind: prefect, url: '{prefect}', default_user: team}}\n"
    )
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=1), today]
    for _ in range(2):
        load_configured_days(warehouse, settings, days)
        with warehouse.connect() as connection:
            rows = connection.execute(
                "select workflow_name, status::text, trigger_type::text, error_message "
                "from raw.workflow_executions_simple inner join raw.workflows using (workflow_id)"
            ).fetchall()
        assert Counter((name, status) for name, status, _, _ in rows) == {
            ("succeeds", "completed"): 3,
            ("fails", "failed"): 1,
            ("succeeds-again", "completed"): 1,
            ("parent", "completed"): 1,
            ("child", "completed"): 1,
            ("is-cancelled", "cancelled"): 1,
            ("goes-on", "started"): 1,
        }
        triggers = {name: trigger for name, _, trigger, _ in rows}
        assert triggers == {name: "chained" if name == "child" else "manual" for name in triggers}
        assert any("the disk is full" in (error or "") for _, _, _, error in rows)
        for config in read_sources_file(settings.sources_path):
            compared = reconcile(warehouse, settings, config, today)
            assert compared.differing.empty, compared.differing
