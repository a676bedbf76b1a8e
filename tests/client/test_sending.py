"""What arrives at a server that is slow, busy, broken or gone, and what is counted."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.loopback import Loopback, Reply, accepted_body, running
from usage_pipeline.client import Client, Report, TrackingStats, delivery, sender


@pytest.fixture(autouse=True)
def _quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_SECONDS", 0.02)


@contextmanager
def client_of(api: Loopback, **options: Any) -> Iterator[Client]:
    with Client(api.url, "key", user_id="ada", **{"send_interval": 0.05, **options}) as client:
        yield client


def finished(number: int) -> Report:
    return Report("ada", "w", "completed", execution_id=str(number))


def account(stats: TrackingStats) -> int:
    return stats.accepted + stats.rejected + stats.dropped + stats.merged + stats.waiting


def test_reports_go_in_batches_of_at_most_1000_in_their_order() -> None:
    with running() as api, client_of(api) as client:
        for number in range(2500):
            client.report(finished(number))
        assert client.flush()
        assert [int(item["execution_id"]) for item in api.accepted] == list(range(2500))
        assert max(len(items) for items in api.requests) == 1000
        assert len(api.requests) <= 5
        assert api.headers[0]["Authorization"] == "Bearer key"


def test_a_batch_is_gathered_for_the_interval_but_not_longer() -> None:
    with running() as api, client_of(api, send_interval=0.3) as client:
        begun = time.monotonic()
        for number in range(5):
            client.report(finished(number))
            time.sleep(0.01)
        while not api.requests:
            time.sleep(0.01)
        assert 0.25 < api.times[0] - begun < 2
        assert len(api.requests[0]) == 5


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_gets_the_same_items_again(status: int) -> None:
    with (
        running(lambda count, _: Reply(status if count <= 2 else 202)) as api,
        client_of(api) as client,
    ):
        client.report(finished(1))
        assert client.flush()
        assert len(api.requests) == 3
        assert (client.stats.accepted, client.stats.retries) == (1, 2)
        assert str(status) in (client.stats.last_error or "")


def test_a_hung_up_connection_is_tried_again() -> None:
    with running(lambda count, _: Reply(hang_up=count <= 2)) as api, client_of(api) as client:
        client.report(finished(1))
        assert client.flush()
        assert len(api.requests) == 3
        assert client.stats.accepted == 1


def test_the_pause_a_server_asks_for_is_kept() -> None:
    with (
        running(
            lambda count, _: Reply(429, {"Retry-After": "1"}) if count == 1 else Reply()
        ) as api,
        client_of(api) as client,
    ):
        client.report(finished(1))
        assert client.flush()
        assert api.times[1] - api.times[0] >= 1


def test_a_server_that_was_away_gets_everything_when_it_is_back() -> None:
    # Bound and not listening: connections are refused.
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        client = Client(f"http://127.0.0.1:{port}", user_id="ada", send_interval=0.01)
        for number in range(100):
            client.report(finished(number))
        assert not client.flush(0.2)
        assert (client.stats.waiting, client.stats.dropped) == (100, 0)
    with running(port=port) as api, client:
        assert client.flush()
        assert len(api.accepted) == 100


def test_refused_items_are_counted_with_the_first_reason_and_the_others_arrive() -> None:
    def reply(_: int, items: list[dict[str, Any]]) -> Reply:
        bad = {i: "unknown status" for i, item in enumerate(items) if item["user_id"] == "bad"}
        return Reply(body=accepted_body(items, bad))

    with running(reply) as api, client_of(api) as client:
        for number in range(10):
            client.report(Report("bad" if number % 5 == 0 else "ada", "w", "completed"))
        assert client.flush()
        assert (client.stats.accepted, client.stats.rejected) == (8, 2)
        assert client.stats.last_error == "unknown status"
        assert len(api.requests) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_what_the_api_will_never_take_is_not_sent_again(status: int) -> None:
    problem = json.dumps({"title": "No", "detail": "Use another key."}).encode()
    with running(lambda *_: Reply(status, body=problem)) as api, client_of(api) as client:
        client.report(finished(1))
        client.report(finished(2))
        assert client.flush()
        assert len(api.requests) == 1
        assert (client.stats.rejected, client.stats.waiting) == (2, 0)
        assert client.stats.last_error == f"{status} No: Use another key."


def test_a_request_that_is_too_large_is_halved_until_it_fits() -> None:
    with (
        running(lambda _, items: Reply(413 if len(items) > 3 else 202)) as api,
        client_of(api) as client,
    ):
        for number in range(20):
            client.report(finished(number))
        assert client.flush()
        assert [int(item["execution_id"]) for item in api.accepted] == list(range(20))
        assert client.stats.accepted == 20


def test_long_reports_are_sent_in_requests_of_bounded_size() -> None:
    with running() as api, client_of(api) as client:
        for number in range(600):
            report = finished(number)
            report.error_message = "x" * 10_000
            client.report(report)
        assert client.flush()
        assert len(api.accepted) == 600
        assert max(int(headers["Content-Length"]) for headers in api.headers) < 1_100_000


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(200, body=b"<html>hotel</html>"), Reply(202, body=b"[]")]
)
def test_a_batch_that_keeps_failing_does_not_hold_up_the_next_ones(reply: Reply) -> None:
    with (
        running(lambda _, items: reply if items[0]["workflow_id"] == "poison" else Reply()) as api,
        client_of(api) as client,
    ):
        client.report(Report("ada", "poison", "completed"))
        assert client.flush()
        client.report(finished(2))
        assert client.flush()
        assert (client.stats.dropped, client.stats.accepted) == (1, 1)
        assert len(api.requests) == 6


def test_a_server_that_does_not_answer_in_time_is_left() -> None:
    timeouts: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"]["read"])
        if len(timeouts) == 1:
            raise httpx.ReadTimeout("no answer in time", request=request)
        return httpx.Response(202, content=accepted_body(json.loads(request.content)["executions"]))

    transport = httpx.MockTransport(answer)
    with Client("http://api", user_id="ada", timeout=7, transport=transport) as client:
        client.report(finished(1))
        assert client.flush(20)
        assert (client.stats.accepted, client.stats.retries) == (1, 1)
    assert timeouts == [7, 7]


def test_a_server_that_never_answers_is_waited_for_as_long_as_was_said() -> None:
    with (
        running(lambda count, _: Reply(wait_seconds=30 if count == 1 else 0)) as api,
        client_of(api, timeout=1) as client,
    ):
        client.report(finished(1))
        assert client.flush(20)
        assert client.stats.accepted == 1
        assert api.times[1] - api.times[0] >= 0.9


def test_a_server_that_drips_its_answer_is_left_too() -> None:
    with (
        running(lambda count, _: Reply(drip_seconds=0.1 if count == 1 else 0)) as api,
        client_of(api, timeout=0.5) as client,
    ):
        client.report(finished(1))
        assert client.flush(5)
        assert client.stats.accepted == 1
        assert 0.4 < api.times[1] - api.times[0] < 3


def test_a_full_queue_drops_new_executions_at_once_and_counts_them() -> None:
    with (
        running(lambda *_: Reply(503)) as api,
        Client(api.url, user_id="ada", max_waiting=100, send_interval=0) as client,
    ):
        client.report(finished(0))
        while client.stats.retries == 0:
            time.sleep(0.01)
        begun = time.monotonic()
        taken = [client.report(finished(number)) for number in range(1, 2001)]
        spent = time.monotonic() - begun
        # Reports whose start may have been taken find room up to twice the capacity.
        assert taken == [True] * 200 + [False] * 1800
        assert client.stats.dropped == 1800
        assert spent < 1
        client.close(0.1)
        assert account(client.stats) == client.stats.reported == 2001


def test_executions_are_reported_completely_or_not_at_all_when_the_queue_is_full() -> None:
    gate = {"status": 202}
    with (
        running(lambda *_: Reply(gate["status"])) as api,
        Client(api.url, user_id="ada", max_waiting=10, send_interval=0) as client,
    ):
        blocks = [client.track("early") for _ in range(8)]
        for block in blocks:
            block.__enter__()
        assert client.flush()
        gate["status"] = 503
        for number in range(50):
            with client.track(f"late-{number}"):
                pass
        for block in blocks:
            block.__exit__(None, None, None)
        gate["status"] = 202
        assert client.flush()
        states: dict[str, list[str]] = {}
        for item in api.accepted:
            states.setdefault(item["execution_id"], []).append(item["status"])
        assert all(seen[-1] == "completed" for seen in states.values())
        assert client.stats.dropped > 0


def test_losses_and_outages_are_logged_at_most_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="usage_pipeline.client")
    with running(lambda *_: Reply(403)) as api, client_of(api, send_interval=0) as client:
        for number in range(10):
            client.report(finished(number))
            client.flush()
        assert len(api.requests) == 10
        while not caplog.records:
            time.sleep(0.01)
        assert len(caplog.records) == 1
        assert "1 tracking reports were lost" in caplog.records[0].message
        assert "Last error: 403" in caplog.records[0].message
    assert "9 tracking reports were lost" in caplog.records[-1].message


def test_an_outage_is_logged_before_anything_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    with running(lambda *_: Reply(503)) as api, client_of(api) as client:
        client.report(finished(1))
        while not caplog.records:
            time.sleep(0.01)
        assert "does not answer; 1 reports wait. Last error: 503" in caplog.records[0].message
        client.close(0)
    assert client.stats.dropped == 1


def test_closing_is_bounded_and_nothing_is_taken_afterwards() -> None:
    with running(lambda *_: Reply(wait_seconds=30)) as api:
        client = Client(api.url, user_id="ada", send_interval=0)
        client.report(finished(1))
        while not api.requests:
            time.sleep(0.01)
        client.report(finished(2))
        begun = time.monotonic()
        client.close(0.3)
        assert time.monotonic() - begun < 1.5
        assert not client.report(finished(3))
        assert account(client.stats) == client.stats.reported == 3
        client.close(0.1)


def test_closing_ends_a_back_off_with_one_last_try() -> None:
    with (
        running(lambda count, _: Reply(503 if count <= 3 else 202)) as api,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sender, "backoff_seconds", lambda attempt: 0.01 if attempt < 3 else 60)
        client = Client(api.url, user_id="ada", send_interval=0)
        client.report(finished(1))
        while len(api.requests) < 3:
            time.sleep(0.01)
        time.sleep(0.05)
        client.close(5)
        assert client.stats.accepted == 1
        assert len(api.requests) == 4


def test_an_idle_thread_ends_and_the_next_report_starts_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "_IDLE_SECONDS", 0.05)
    with running() as api, client_of(api, send_interval=0) as client:
        for number in range(3):
            client.report(finished(number))
            assert client.flush()
            time.sleep(0.15)
            assert client._reporter.sender._thread is None
        assert len(api.accepted) == 3


def test_a_mistake_of_ours_costs_one_batch_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([RuntimeError("bug")])
    sound = sender.in_parts

    def unsound(batch: Any, most_bytes: int) -> Any:
        for error in calls:
            raise error
        return sound(batch, most_bytes)

    monkeypatch.setattr(sender, "in_parts", unsound)
    with running() as api, client_of(api, send_interval=0) as client:
        client.report(finished(1))
        assert client.flush()
        client.report(finished(2))
        assert client.flush()
        assert (client.stats.dropped, client.stats.accepted) == (1, 1)


@settings(max_examples=10)
@given(
    st.lists(st.sampled_from([202, 202, 413, 429, 503, 500, 403]), min_size=1, max_size=8),
    st.lists(st.integers(0, 30), max_size=120),
)
def test_every_report_is_accounted_for_whatever_the_server_answers(
    statuses: list[int], executions: list[int]
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        running(lambda count, _: Reply(statuses[count % len(statuses)])) as api,
    ):
        patch.setattr(sender, "backoff_seconds", lambda _: 0.001)
        with Client(api.url, user_id="ada", max_waiting=20, send_interval=0) as client:
            for number in executions:
                client.report(finished(number))
            client.flush(1)
        stats = client.stats
        assert account(stats) == stats.reported == len(executions)
        assert stats.accepted == len(api.accepted)
