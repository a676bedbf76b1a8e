"""Tracking over HTTP: what is acknowledged is committed, whatever is killed and when."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.integration.api.conftest import PREFIX, Serve
from usage_pipeline.api.settings import ApiSettings
from usage_pipeline.warehouse.connection import Warehouse


@pytest.fixture(scope="module")
def client(serve_api: Serve) -> TestClient:
    return serve_api(is_demo=True)


@pytest.fixture(autouse=True)
def _empty(module_warehouse: Warehouse) -> None:
    with module_warehouse.connect() as connection:
        connection.execute("truncate raw.tracked_executions")


def _rows(warehouse: Warehouse, columns: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(
            f"select {columns} from raw.tracked_executions order by 1, 2"
        ).fetchall()


def _track(client: TestClient, body: Any, **headers: str) -> dict[str, Any]:
    answer = client.post(f"{PREFIX}/track", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_bad_item_is_answered_with_its_reason_and_keeps_no_other_out(
    client: TestClient, module_warehouse: Warehouse
) -> None:
    good = {"user_id": "ana", "workflow_id": "w", "status": "completed"}
    now = datetime.now(UTC)
    bad: list[Any] = [
        {**good, "status": "done"}, {**good, "user_id": ""}, {**good, "duration": -1}, 7, None,
        {**good, "start_time": "2026-01-01T00:00:00"},
        {**good, "start_time": now.isoformat(), "duration": 3_600_000},
        {**good, "start_time": (now + timedelta(hours=1)).isoformat()},
        {**good, "start_time": "1999-01-01T00:00:00Z"},
        {**good, "workflow_id": "\ud800"}, {**good, "cost": "NaN"}, {**good, "input_size": 1 << 64},
    ]  # fmt: skip
    items = [item for each in bad for item in (each, {**good, "execution_id": str(id(each))})]
    answer = client.post(f"{PREFIX}/track", content=json.dumps({"executions": items})).json()
    assert [item["status"] for item in answer["items"]] == ["rejected", "accepted"] * len(bad)
    assert all(item["reason"] for item in answer["items"][::2])
    assert (answer["accepted"], answer["rejected"]) == (len(bad), len(bad))
    assert len(_rows(module_warehouse, "source_id, status")) == len({str(id(b)) for b in bad})


def test_the_specifications_own_ways_of_reporting_are_understood(
    client: TestClient, module_warehouse: Warehouse
) -> None:
    spoken = {"userId": "ana", "workflowId": "w", "status": "failed", "duration": 1500}
    assert _track(client, spoken)["accepted"] == 1
    asked = {"user_id": "ana", "workflow_id": "w", "status": "failed", "duration": "1500"}
    assert client.post(f"{PREFIX}/track", params=asked).json()["accepted"] == 1
    assert (
        _rows(module_warehouse, "source_user_id, duration_ms, status")
        == [("ana", 1500, "failed")] * 2
    )


def test_an_execution_id_or_an_idempotency_key_makes_sending_again_safe(
    client: TestClient, module_warehouse: Warehouse
) -> None:
    item = {"user_id": "ana", "workflow_id": "w", "status": "completed", "duration_ms": 5}
    first = _track(client, {"executions": [item, item]}, **{"Idempotency-Key": "once"})
    again = _track(client, {"executions": [item, item]}, **{"Idempotency-Key": "once"})
    assert first == again
    for _ in range(2):
        _track(client, {**item, "execution_id": "mine"})
    assert len(_rows(module_warehouse, "source_id, status")) == 3
    _track(client, {"executions": [item, item]})
    assert len(_rows(module_warehouse, "source_id, status")) == 5


def test_an_idempotency_key_is_refused_with_another_body(
    client: TestClient, module_warehouse: Warehouse
) -> None:
    item = {"user_id": "ana", "workflow_id": "w", "status": "completed", "duration_ms": 5}
    before = len(_rows(module_warehouse, "source_id, status"))
    path, headers = f"{PREFIX}/track", {"Idempotency-Key": "of-one-body"}
    assert client.post(path, json=item, headers=headers).status_code == 202
    for body in ({**item, "status": "failed"}, {"executions": [item, item]}):
        refused = client.post(path, json=body, headers=headers)
        assert refused.status_code == 422
        assert "was used with another body" in refused.json()["detail"]
    assert client.post(path, params=item, headers=headers).status_code == 422
    assert client.post(path, json=item, headers=headers).status_code == 202
    assert len(_rows(module_warehouse, "source_id, status")) == before + 1


def test_when_a_report_arrived_is_told_by_the_clock_of_the_warehouse(
    client: TestClient, module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - timedelta(hours=3)

    monkeypatch.setattr("usage_pipeline.api.routes.track.datetime", Slow)
    with module_warehouse.connect() as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    item = {"user_id": "u", "workflow_id": "w", "status": "completed", "duration": 60_000}
    _track(client, item)
    ((received, start),) = _rows(module_warehouse, "received_at, start_time")
    assert received - start == timedelta(minutes=1)
    assert row is not None
    assert row[0] <= received <= row[0] + timedelta(minutes=5)


def test_a_full_buffer_is_answered_503_and_takes_in_again_afterwards(
    serve_api: Serve, module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiSettings, "track_buffer", 1000)
    client = serve_api(is_demo=True)
    items = [
        {"user_id": "u", "workflow_id": "w", "status": "started", "execution_id": str(number)}
        for number in range(800)
    ]
    with psycopg.connect(module_warehouse.url) as blocking, ThreadPoolExecutor(3) as pool:
        blocking.execute("lock table raw.tracked_executions")
        waiting = pool.submit(_track, client, {"executions": items})
        deadline = time.monotonic() + 20
        while client.app.state.services.collector.waiting < 800:  # type: ignore[attr-defined]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        refused = client.post(f"{PREFIX}/track", json={"executions": items[:300]})
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        blocking.rollback()
        assert waiting.result(timeout=30)["accepted"] == 800
    assert _track(client, {"executions": items[:300]})["accepted"] == 300


def test_requests_that_are_too_large_or_no_json_are_refused(client: TestClient) -> None:
    path = f"{PREFIX}/track"
    item = {"user_id": "u", "workflow_id": "w", "status": "started"}
    assert client.post(path, json={"executions": [item] * 1001}).status_code == 422
    assert client.post(path, content=b" " * (9 << 20)).status_code == 413
    for body in (b"{", b"[]", b"1", b"[" * 100_000, b'{"executions": 1}'):
        assert client.post(path, content=body).status_code == 422


def _serve(warehouse: Warehouse, home: Path, port: int) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ, "USAGE_HOME": str(home), "USAGE_DATABASE_URL": warehouse.url,
        "USAGE_API_RATE_LIMIT": "10000000/minute",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "usage_pipeline.cli", "api", "--port", str(port)],
        env=environment, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health").is_success:
                return process
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def test_a_kill_under_load_loses_no_acknowledged_execution_and_doubles_none(
    module_warehouse: Warehouse, tmp_path: Path, port: int
) -> None:
    acknowledged: list[str] = []
    sent: set[str] = set()
    stop = threading.Event()

    def load(worker: int) -> None:
        number = 0
        with httpx.Client(timeout=10) as http:
            while not stop.is_set():
                ids = [f"{worker}-{number}-{place}" for place in range(20)]
                items = [
                    {"user_id": "u", "workflow_id": "w", "status": "completed", "duration": 1,
                     "execution_id": each}
                    for each in ids
                ]  # fmt: skip
                sent.update(ids)
                try:
                    answer = http.post(
                        f"http://127.0.0.1:{port}{PREFIX}/track", json={"executions": items}
                    )
                except httpx.TransportError:
                    # Sent again with the same ids, until a server is there again.
                    time.sleep(0.05)
                    continue
                if answer.status_code == 202:
                    acknowledged.extend(ids)
                    number += 1

    process = _serve(module_warehouse, tmp_path, port)
    workers = [threading.Thread(target=load, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(2):
            before = len(acknowledged)
            deadline = time.monotonic() + 60
            while len(acknowledged) < before + 400:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = _serve(module_warehouse, tmp_path, port)
    finally:
        stop.set()
        for worker in workers:
            worker.join()
        process.terminate()
        process.wait(timeout=30)
    kept = [row[0] for row in _rows(module_warehouse, "source_id, status")]
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept) <= sent
    assert len(acknowledged) >= 800


def _event(kind: str, number: int, at: str, **more: Any) -> dict[str, Any]:
    facets = {"ownership": {"owners": [{"name": "team:data"}]}}
    return {
        "eventType": kind,
        "eventTime": f"{datetime.now(UTC).date() - timedelta(days=1)}T00:00:{at}Z",
        "run": {"runId": str(UUID(int=number)), "facets": more.get("run", {})},
        "job": {"namespace": "airflow", "name": "report", "facets": more.get("job", facets)},
        "producer": "https://example.org/producer",
        "inputs": [{"namespace": "db", "name": "secret_table"}],
    }


def test_runs_of_openlineage_are_executions_once_in_any_order(
    client: TestClient, module_warehouse: Warehouse
) -> None:
    dag_run = {"airflowDagRun": {"dagRun": {"run_type": "scheduled"}}}
    error = {"errorMessage": {"message": "no disk", "programmingLanguage": "python"}}
    part = {"parent": {"run": {"runId": str(UUID(int=1))}, "job": {}}}
    events = [
        _event("COMPLETE", 1, "05"),
        _event("START", 1, "01", run=dag_run),
        _event("START", 2, "02"),
        # Whose owner this one does not tell.
        _event("FAIL", 2, "03", run=error, job={}),
        _event("ABORT", 3, "09"),
        _event("RUNNING", 3, "08"),
        _event("OTHER", 4, "08"),
        _event("COMPLETE", 5, "08", run=part),
        {"eventTime": "2026-06-28T00:00:00Z", "dataset": {"namespace": "db", "name": "t"}},
    ]
    for _ in range(2):
        for event in events:
            answer = client.post("/api/v1/lineage", json=event)
            assert answer.status_code == 202, answer.text
    assert client.post("/api/v1/lineage", json=events).json()["accepted"] == 5
    with module_warehouse.connect() as connection:
        rows = connection.execute(
            "select source_id, string_agg(distinct status, ' ' order by status), "
            "count(distinct id), max(error_message), max(trigger_type) "
            "from raw.tracked_executions where source_workflow_id = 'airflow/report' "
            "group by source_id order by source_id"
        ).fetchall()
    assert rows == [
        (str(UUID(int=1)), "completed started", 1, None, "scheduled"),
        (str(UUID(int=2)), "failed started", 1, "no disk", None),
        (str(UUID(int=3)), "cancelled", 1, None, None),
    ]


def test_an_event_that_is_none_is_refused_in_one_sentence(client: TestClient) -> None:
    event = _event("COMPLETE", 9, "05")
    for wrong in ({**event, "eventTime": "today"}, {**event, "run": {"runId": "x"}}, 5, "x"):
        answer = client.post("/api/v1/lineage", json=wrong)
        assert answer.status_code == 422
        assert answer.json()["detail"]
    assert client.post("/api/v1/lineage", content=b"{").status_code == 422
