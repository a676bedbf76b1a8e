"""Each system that is asked, against its own recorded answers and the faults of the network."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.unit.sources.answering import CUT, Reply, Request, Server, answering
from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source

_ANSWERS = Path(os.environ.get("USAGE_REAL_DATA", CHECKOUT.parent / "shared" / "data")) / "systems"
_DAY = date(2026, 11, 25)
pytestmark = pytest.mark.skipif(not _ANSWERS.is_dir(), reason="the recorded answers are not here")
Accepted = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST_WAIT", "_LAST_WAIT"):
        monkeypatch.setattr(f"usage_pipeline.sources.systems.http.{name}", 0.001)


def _recorded(name: str) -> Any:
    return json.loads((_ANSWERS / name).read_text(encoding="utf-8"))


def _config(kind: str, server: Server, **keys: Any) -> SourceConfig:
    declared = {"name": kind, "kind": kind, "url": server.url, "default_user": "nobody", **keys}
    return SourceConfig.model_validate(declared)


def _read(
    config: SourceConfig, folder: Path, first: date = _DAY, last: date = _DAY
) -> tuple[Accepted, list[str]]:
    source = open_source(config, folder, "UTC", first=first, last=last, environment={})
    batches = [batch for day in source.days() for batch in source.read_day(day)]
    return (
        [row for batch in batches for row in batch.accepted.to_pylist()],
        [row["reason"] for batch in batches for row in batch.rejected.to_pylist()],
    )


@contextmanager
def _prefect() -> Iterator[Server]:
    runs, flows = _recorded("prefect/flow_runs_filter.json"), _recorded("prefect/flows_filter.json")

    def answer(request: Request) -> Reply:
        if request.path == "/api/flows/filter":
            return Reply(flows)
        body = request.body
        assert body["flow_runs"]["start_time"]["is_null_"] is False
        if body["limit"] > 200:
            return Reply({"detail": "limit must be less than or equal to 200"}, 422)
        return Reply(runs[body["offset"] : body["offset"] + 7])

    with answering(answer) as server:
        server.url += "/api"
        yield server


def test_prefect_gives_each_flow_run_that_started_once(tmp_path: Path) -> None:
    with _prefect() as server:
        accepted, reasons = _read(_config("prefect", server), tmp_path)
    runs = _recorded("prefect/flow_runs_filter.json")
    assert reasons == []
    assert sorted(row["source_id"] for row in accepted) == sorted(run["id"] for run in runs)
    by_id = {run["id"]: run for run in runs}
    outcomes = {
        "COMPLETED": "completed",
        "FAILED": "failed",
        "CRASHED": "failed",
        "CANCELLED": "cancelled",
    }
    for row in accepted:
        run = by_id[row["source_id"]]
        assert row["status"] == outcomes.get(run["state_type"], "started")
        assert row["workflow_name"]
        assert row["trigger_type"] in ("manual", "scheduled", "chained")
        assert (row["end_time"] is None) == (row["status"] == "started")
    failed = [row for row in accepted if row["status"] == "failed"]
    assert failed
    assert all(row["error_message"] for row in failed)


def _pages(request: Request, rows: list[Any], most: int) -> list[Any]:
    offset = int(request.one("offset", "0"))
    return rows[offset : offset + min(int(request.one("limit", "100")), most)]


@contextmanager
def _airflow(version: int) -> Iterator[Server]:
    runs = _recorded(
        "airflow/v2_dagRuns_cursor.json" if version == 2 else "airflow/v1_dagRuns.json"
    )["dag_runs"]
    tokens = iter(["first", "second", "third"])
    valid: list[str] = []

    def answer(request: Request) -> Reply:
        if request.path == "/api/v2/version":
            return Reply({"version": "3.3.2"}) if version == 2 else Reply({}, 404)
        if request.path == "/auth/token":
            if request.body != {"username": "reader", "password": "sesame"}:
                return Reply({"detail": "Invalid credentials"}, 401)
            valid[:] = [next(tokens)]
            return Reply({"access_token": valid[0]}, 201)
        sent = request.headers.get("authorization", "")
        if version == 2 and sent not in [f"Bearer {token}" for token in valid]:
            return Reply({"detail": "Not authenticated"}, 401)
        if version == 1 and not sent.startswith("Basic "):
            return Reply({"detail": "Unauthorized"}, 401)
        if request.path == "/api/v1/dags":
            return Reply({"dags": _pages(request, _recorded("airflow/v1_dags.json")["dags"], 100)})
        assert request.path == f"/api/v{version}/dags/~/dagRuns"
        # The server gives fewer rows than it is asked for, without a word.
        page = _pages(request, runs, 5)
        if valid and len(server.requests) == 6:
            valid[:] = ["expired"]
        return Reply({"dag_runs": page, "total_entries": len(runs)})

    with answering(answer) as server:
        yield server


@pytest.mark.parametrize("version", [1, 2])
def test_airflow_gives_each_dag_run_that_started_once(tmp_path: Path, version: int) -> None:
    name = "airflow/v2_dagRuns_cursor.json" if version == 2 else "airflow/v1_dagRuns.json"
    runs = [
        run for run in _recorded(name)["dag_runs"]
        if run["start_date"] and run["start_date"].startswith(str(_DAY))
    ]  # fmt: skip
    with _airflow(version) as server:
        config = _config("airflow", server, user="reader", password="sesame")
        accepted, reasons = _read(config, tmp_path)
    assert reasons == []
    keys = sorted((row["source_workflow_id"], row["source_id"]) for row in accepted)
    assert keys == sorted((run["dag_id"], run["dag_run_id"]) for run in runs)
    by_key = {(run["dag_id"], run["dag_run_id"]): run for run in runs}
    for row in accepted:
        run = by_key[row["source_workflow_id"], row["source_id"]]
        outcomes = {"success": "completed", "failed": "failed"}
        assert row["status"] == outcomes.get(run["state"], "started")
        assert row["source_user_id"] == run.get("triggering_user_name") or "nobody"
        assert row["trigger_type"] is not None
        assert row["workflow_name"]


def test_airflow_says_that_a_password_is_wrong_without_telling_it(tmp_path: Path) -> None:
    with _airflow(2) as server:
        config = _config("airflow", server, user="reader", password="open-sesame")
        with pytest.raises(InputError, match="does not know who asks") as failure:
            _read(config, tmp_path)
    assert "open-sesame" not in str(failure.value)


@contextmanager
def _dagster(is_schema_old: bool = False) -> Iterator[Server]:
    pages = _recorded("dagster/graphql_runs_pages.json")
    runs = [run for page in pages for run in page["runsOrError"]["results"]]

    def answer(request: Request) -> Reply:
        if is_schema_old:
            return Reply({"errors": [{"message": "Cannot query field 'updateTime'"}]})
        variables = request.body["variables"]
        ids = [run["runId"] for run in runs]
        start = ids.index(variables["cursor"]) + 1 if variables["cursor"] else 0
        page = runs[start : start + variables["limit"]]
        return Reply({"data": {"runsOrError": {"__typename": "Runs", "results": page}}})

    with answering(answer) as server:
        yield server


def test_dagster_gives_runs_that_started_and_retries_as_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage_pipeline.sources.systems.dagster._PAGE_ROWS", 5)
    pages = _recorded("dagster/graphql_runs_pages.json")
    runs = [run for page in pages for run in page["runsOrError"]["results"]]
    ended = {"SUCCESS", "FAILURE", "CANCELED"}
    ran = [run for run in runs if run["startTime"] or run["status"] in ended]
    starts = [run["startTime"] or run["creationTime"] for run in ran]
    days = [datetime.fromtimestamp(float(start), UTC).date() for start in starts]
    with _dagster() as server:
        accepted, reasons = _read(
            _config("dagster", server), tmp_path, min(days, default=_DAY), max(days, default=_DAY)
        )
    assert reasons == []
    assert len(accepted) == len(ran) > 0
    retried = {
        (run["rootRunId"], int(tags["dagster/retry_number"]) + 1)
        for run in ran
        if "dagster/retry_number" in (tags := {tag["key"]: tag["value"] for tag in run["tags"]})
    }
    assert {(row["source_id"], row["attempt"]) for row in accepted if row["attempt"] > 1} == retried


def test_dagster_that_does_not_know_the_query_is_one_sentence(tmp_path: Path) -> None:
    with (
        _dagster(is_schema_old=True) as server,
        pytest.raises(InputError, match=r"does not list its runs: Cannot query field"),
    ):
        _read(_config("dagster", server), tmp_path)


@contextmanager
def _n8n() -> Iterator[Server]:
    pages = [_recorded(f"n8n/v1_executions_p{number}.json") for number in range(1, 6)]
    workflows = _recorded("n8n/v1_workflows.json")

    def answer(request: Request) -> Reply:
        if request.headers.get("x-n8n-api-key") != "key":
            return Reply({"message": "unauthorized"}, 401)
        if request.path == "/api/v1/workflows":
            return Reply({**workflows, "nextCursor": None})
        if request.one("status") == "running":
            return Reply(_recorded("n8n/v1_executions_running.json"))
        number = int(request.one("cursor", "0"))
        following = str(number + 1) if number + 1 < len(pages) else None
        return Reply({"data": pages[number]["data"], "nextCursor": following})

    with answering(answer) as server:
        yield server


def test_n8n_gives_what_ended_what_waits_and_what_runs(tmp_path: Path) -> None:
    with _n8n() as server:
        accepted, reasons = _read(_config("n8n", server, token="key"), tmp_path)
    names = [*(f"n8n/v1_executions_p{number}.json" for number in range(1, 6))]
    rows = [
        row
        for name in [*names, "n8n/v1_executions_running.json"]
        for row in _recorded(name)["data"]
    ]
    ran = {row["id"]: row for row in rows if row["startedAt"]}
    assert reasons == []
    assert len(accepted) == len(ran)
    outcomes = {
        "success": "completed", "error": "failed", "crashed": "failed", "canceled": "cancelled",
    }  # fmt: skip
    wanted = sorted(outcomes.get(row["status"], "started") for row in ran.values())
    assert sorted(row["status"] for row in accepted) == wanted
    retries = [row for row in ran.values() if row["retryOf"]]
    again = [row for row in accepted if row["attempt"] > 1]
    assert sorted(row["source_id"] for row in again) == sorted(row["retryOf"] for row in retries)
    waiting = [row for row in accepted if row["source_status"] == "waiting"]
    assert all(row["end_time"] is None for row in waiting)
    assert {row["trigger_type"] for row in accepted} <= {"manual", "scheduled", "api", "chained"}


_START = datetime(2026, 11, 25, tzinfo=UTC)


def _github_runs(count: int) -> list[dict[str, Any]]:
    """Runs over the day, of which each tenth was run again."""
    return [
        {
            "id": number,
            "name": "CI",
            "workflow_id": 7,
            "event": "push",
            "status": "completed",
            "conclusion": "success",
            "run_attempt": 2 if number % 10 == 0 else 1,
            "run_started_at": f"{_START + timedelta(seconds=number * 30):%Y-%m-%dT%H:%M:%SZ}",
            "created_at": f"{_START + timedelta(seconds=number * 30):%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{_START + timedelta(seconds=number * 30 + 60):%Y-%m-%dT%H:%M:%SZ}",
            "actor": {"login": "ana", "type": "User"},
        }
        for number in range(count)
    ]


def _github(runs: list[dict[str, Any]]) -> Callable[[Request], Reply]:
    """GitHub: a search shows no more than its first 1,000 runs, in pages chained by links."""

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer ghs_1":
            return Reply({"message": "Bad credentials"}, 401)
        if request.path == "/orgs/acme/repos":
            return Reply([{"full_name": "acme/app"}, {"full_name": "acme/empty"}])
        if "/attempts/" in request.path:
            number = int(request.path.split("/")[-3])
            first = {"run_attempt": 1, "run_started_at": runs[number]["created_at"]}
            return Reply({**runs[number], **first, "conclusion": "failure"})
        first, last = request.one("created").split("..")
        found = [run for run in runs if first <= run["created_at"] <= last]
        if request.path.startswith("/repos/acme/empty/"):
            found = []
        found.reverse()
        page = int(request.one("page", "1"))
        shown = found[:1000]
        rows = shown[(page - 1) * 100 : page * 100]
        host = request.headers["host"]
        link = (
            f"<http://{host}{request.path}?created={first}..{last}&per_page=100&page={page + 1}>; "
            'rel="next"'
        )
        headers = {"Link": link} if page * 100 < len(shown) else {}
        return Reply({"total_count": len(found), "workflow_runs": rows}, headers=headers)

    return answer


@pytest.mark.parametrize("keys", [{"repositories": ["acme/app"]}, {"organisation": "acme"}])
def test_github_gives_more_runs_than_a_search_shows_with_earlier_attempts(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    runs = _github_runs(2_350)
    with answering(_github(runs)) as server:
        config = _config("github_actions", server, token="ghs_1", **keys)
        accepted, reasons = _read(config, tmp_path)
    assert reasons == []
    assert len(accepted) == 2_350 + 235
    assert len({(row["source_id"], row["attempt"]) for row in accepted}) == 2_350 + 235
    again = [row for row in accepted if int(row["source_id"]) % 10 == 0]
    assert sorted({(row["attempt"], row["status"]) for row in again}) == [
        (1, "failed"),
        (2, "completed"),
    ]


def test_github_fails_loudly_where_a_second_holds_more_than_it_shows(tmp_path: Path) -> None:
    runs = [{**run, "created_at": "2026-11-25T07:00:00Z"} for run in _github_runs(1_001)]
    with answering(_github(runs)) as server:
        config = _config("github_actions", server, token="ghs_1", repositories=["acme/app"])
        with pytest.raises(InputError, match=r"1,000 runs of acme/app in the second 2026-11-25T07"):
            _read(config, tmp_path)


def test_github_is_asked_again_after_its_pauses_and_breaks(tmp_path: Path) -> None:
    pause = {"Retry-After": "0"}
    with answering(_github(_github_runs(150))) as server:
        server.faults = [
            Reply({}, 502), Reply({}, 429, pause), Reply({"message": "secondary"}, 403, pause), CUT,
            None, Reply({}, 503),
        ]  # fmt: skip
        config = _config("github_actions", server, token="ghs_1", repositories=["acme/app"])
        accepted, _ = _read(config, tmp_path)
    assert len(accepted) == 165


def test_a_run_of_github_that_was_created_days_before_is_found_when_run_again(
    tmp_path: Path,
) -> None:
    run = {
        **_github_runs(1)[0],
        "created_at": "2026-11-23T08:00:00Z",
        "run_started_at": "2026-11-25T08:00:00Z",
        "updated_at": "2026-11-25T08:05:00Z",
    }
    with answering(_github([run])) as server:
        config = _config("github_actions", server, token="ghs_1", repositories=["acme/app"])
        accepted, _ = _read(config, tmp_path)
    assert [str(row["start_time"]) for row in accepted] == ["2026-11-25 08:00:00+00:00"]


@pytest.mark.parametrize(
    ("day", "created"),
    [(date(2026, 11, 27), "2026-11-24"), (date(2026, 11, 28), "2026-11-25"),
     (date(2026, 11, 29), "2026-10-29"), (date(2026, 11, 30), "2026-11-27")],
)  # fmt: skip
def test_runs_of_a_month_are_looked_at_again_on_sundays_alone(
    tmp_path: Path, day: date, created: str
) -> None:
    with answering(_github([])) as server:
        config = _config("github_actions", server, token="ghs_1", repositories=["acme/app"])
        _read(config, tmp_path, day, day)
        (request,) = server.requests
    assert request.one("created") == f"{created}T00:00:00Z..{day}T23:59:59Z"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"repositories": []}, "declare an organisation, or a list of repositories, or a path"),
        ({"organisation": "acme", "repositories": ["acme/app"]}, "or a list of repositories"),
        ({"repositories": ["app"]}, "repositories"),
        ({"organisation": "acme/app"}, "organisation"),
        ({"organisation": "acme", "query": "select 1"}, "query is not a key"),
    ],
)
def test_a_declaration_of_github_that_cannot_be_is_refused(
    keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        SourceConfig.model_validate({"name": "ci", "kind": "github_actions", **keys})
