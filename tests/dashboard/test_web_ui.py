"""Dagster's web UI in a browser: what the data team does there with the mouse.

Each test starts nothing of its own: one `usage-pipeline up` serves them all, on days of yesterday.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.unit.sources.answering import Reply, answering
from usage_pipeline.execution_dates import last_complete_day
from usage_pipeline.warehouse.connection import Warehouse

pytestmark = pytest.mark.long

_COMMAND = [sys.executable, "-m", "usage_pipeline.cli"]
_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"
_LOCATION = "/locations/usage_pipeline.definitions"
_RUNS = """
query($created: Float) {
  runsOrError(filter: {createdAfter: $created}) {
    ... on Runs { results {
      runId status jobName tags { key value }
      eventConnection { events { __typename } }
    } }
  }
}
"""


@dataclass(frozen=True)
class WebUI:
    """A web UI on a warehouse of three days, of which the command has run the first."""

    address: str
    warehouse: Warehouse
    days: list[date]

    def runs_since(self, instant: float) -> list[Any]:
        """The runs that were created since then, newest first."""
        answer = httpx.post(
            f"{self.address}/graphql",
            json={"query": _RUNS, "variables": {"created": instant}},
            timeout=30,
        ).json()
        runs: list[Any] = answer["data"]["runsOrError"]["results"]
        return runs

    def ended_run(self, instant: float) -> Any:
        """The one run that was created since then, once it has ended."""
        _until(
            lambda: any(
                run["status"] in ("SUCCESS", "FAILURE", "CANCELED")
                for run in self.runs_since(instant)
            ),
            180,
        )
        (run,) = self.runs_since(instant)
        return run

    def loaded(self) -> list[date]:
        """The days that the ledger holds."""
        with self.warehouse.connect() as connection:
            rows = connection.execute(
                "select distinct execution_date from raw.load_ledger order by 1"
            ).fetchall()
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def web_ui(
    chromium: str,
    module_warehouse: Warehouse,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WebUI]:
    folder = tmp_path_factory.mktemp("web_ui")
    home = Path(copytree(parsed_project, folder / "home"))
    last = last_complete_day(datetime.now(UTC), "UTC")
    days = [last - timedelta(days=ago) for ago in (2, 1, 0)]
    for number, day in enumerate(days):
        text = f"{number},ana,report,Report,{day}T09:00:00Z,{day}T09:05:00Z,completed,manual\n"
        (home / f"{day}.csv").write_text(_HEADER + text)
    (home / "sources.yaml").write_text("- {name: apps, path: '{day}.csv'}\n")
    environment = {
        **os.environ,
        "USAGE_HOME": str(home),
        "USAGE_DATABASE_URL": module_warehouse.url,
    }
    subprocess.run(
        [*_COMMAND, "run", str(days[0])], env=environment, cwd=folder, check=True,
        capture_output=True,
    )  # fmt: skip
    port, api_port = _free_port(), _free_port()
    server = subprocess.Popen(
        [*_COMMAND, "up", "--port", str(port), "--api-port", str(api_port)],
        env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ui = WebUI(f"http://127.0.0.1:{port}", module_warehouse, days)
    _until(lambda: _answers(ui.address), 120)
    yield ui
    server.send_signal(signal.SIGINT)
    server.wait(60)


@pytest.fixture
def web_page(browser: Browser, web_ui: WebUI) -> Iterator[Page]:
    """A page of the web UI; nothing that it asks of the server may fail."""
    context = browser.new_context(base_url=web_ui.address, viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(30_000)
    page = context.new_page()
    failed: list[str] = []
    page.on(
        "response",
        lambda response: (
            failed.append(f"{response.status} {response.url}") if response.status >= 500 else None
        ),
    )
    yield page
    context.close()
    assert failed == []


def test_a_run_of_the_command_shows_on_overview_and_on_the_page_of_its_job(
    web_page: Page, web_ui: WebUI
) -> None:
    (run,) = web_ui.runs_since(0)
    web_page.goto("/overview/activity/timeline")
    expect(web_page.get_by_role("link", name="nightly")).to_be_visible()
    web_page.goto(f"{_LOCATION}/jobs/nightly/runs")
    expect(web_page.get_by_text(run["runId"][:8]).first).to_be_visible()


def test_a_range_of_days_of_all_that_a_load_writes_is_loaded_in_one_process(
    web_page: Page, web_ui: WebUI
) -> None:
    start = time.time()
    web_page.goto(f"{_LOCATION}/asset-groups/ingest/lineage")
    web_page.get_by_role("button", name="Materialize all").click()
    _launch(web_page, f"[{web_ui.days[0]}...{web_ui.days[-1]}]")
    run = web_ui.ended_run(start)
    assert run["status"] == "SUCCESS"
    assert web_ui.loaded() == web_ui.days
    _assert_one_process(run)


def test_one_day_of_a_part_of_what_a_load_writes_is_materialized(
    web_page: Page, web_ui: WebUI
) -> None:
    start = time.time()
    web_page.goto("/assets/raw/workflows")
    web_page.get_by_role("button", name="Materialize").first.click()
    _launch(web_page, str(web_ui.days[1]))
    run = web_ui.ended_run(start)
    assert run["status"] == "SUCCESS"
    _assert_one_process(run)


def _launch(page: Page, days: str) -> None:
    """Fill in the days of the dialog and launch."""
    days_box = page.get_by_placeholder("No matching partitions").or_(
        page.get_by_placeholder("Select or type a partition name", exact=False)
    )
    days_box.fill(days)
    days_box.press("Enter")
    page.get_by_role("button", name="Launch").last.click()
    expect(page.get_by_text("Launch runs to materialize", exact=False)).to_be_hidden()


def _assert_one_process(run: Any) -> None:
    kinds = {event["__typename"] for event in run["eventConnection"]["events"]}
    assert "ExecutionStepSuccessEvent" in kinds
    assert not kinds & {"StepWorkerStartingEvent", "StepWorkerStartedEvent"}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/server_info", timeout=5).is_success
    except httpx.TransportError:
        return False


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)


_ATTACK = """
<!doctype html><title>Another site</title>
<img src="{web}/graphql?query={query}">
<iframe name="frame" src="{web}/overview"></iframe>
<iframe name="sink"></iframe>
<form id="form" method="post" enctype="text/plain" target="sink" action="{web}/graphql">
  <input name='{{"query":"{mutation}", "x":"' value='"}}'>
</form>
<script>
  const body = JSON.stringify({{query: "{mutation}"}});
  const outcomes = {{}};
  document.getElementById("form").submit();
  Promise.allSettled([
    fetch("{web}/graphql", {{method: "POST", mode: "no-cors", body}}),
    fetch("{web}/graphql?query={query}", {{mode: "no-cors", credentials: "include"}}),
    new Promise((resolve, reject) => {{
      const socket = new WebSocket("{web}/graphql".replace("http", "ws"), "graphql-ws");
      socket.onopen = () => {{ outcomes.socket = "open"; resolve(); }};
      socket.onerror = () => {{ outcomes.socket = "refused"; resolve(); }};
    }}),
  ]).then(() => setTimeout(() => {{
    document.title = `done, ${{outcomes.socket}}, ${{frames.frame.length}}`;
  }}, 1000));
</script>
"""
_MUTATION = "mutation { setNuxSeen }"


def test_a_page_of_another_site_can_neither_ask_nor_frame_the_web_ui(
    browser: Browser, web_ui: WebUI
) -> None:
    refused: list[int] = []
    context = browser.new_context()
    page = context.new_page()
    page.on(
        "response",
        lambda response: (
            refused.append(response.status) if response.url.startswith(web_ui.address) else None
        ),
    )
    html = _ATTACK.format(web=web_ui.address, query=quote(_MUTATION), mutation=_MUTATION)
    # On this machine as well: a browser keeps sites of the internet away from loopback by itself.
    with answering(lambda _: Reply(html, headers={"Content-Type": "text/html"})) as site:
        page.goto(site.url.replace("127.0.0.1", "localhost"))
        expect(page).to_have_title(re.compile("^done, refused, 0$"), timeout=30_000)
    # The image, the frame, the form and the two scripts.
    assert len(refused) == 5
    assert set(refused) <= {403, 405}
    context.close()
