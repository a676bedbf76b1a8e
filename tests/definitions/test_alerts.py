"""Alerts: a failed run is told of, by every way there is, whatever becomes of one of them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from usage_pipeline.defs.alerts import failure_alert
from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.alerting import Failure, LogNotifier, WebhookNotifier, notifiers
from usage_pipeline.orchestration.partitions import range_tags
from usage_pipeline.settings import Settings, read_settings

_FAILURE = Failure(
    "nightly", "run-1", [date(2026, 6, 27), date(2026, 6, 28)], ["load: a.csv is not\nthere."]
)
_SENTENCE = "nightly for 2026-06-27 to 2026-06-28 failed: load: a.csv is not there. (run run-1)"


@dataclass
class Receiver:
    """What a webhook was sent; it answers with `status`, or not at all while `silent`."""

    port: int = 0
    status: int = 204
    silent: bool = False
    ended: Event = field(default_factory=Event)
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.port}/hooks/t0p-secret")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.requests.append((self.path, self.headers["Content-Type"], json.loads(body)))
            if received.silent:
                received.ended.wait(30)
            self.send_response(received.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.port = server.server_address[1]
    Thread(target=server.serve_forever, daemon=True).start()
    yield received
    received.ended.set()
    server.shutdown()
    server.server_close()


def test_the_webhook_is_sent_the_sentence_and_the_facts(receiver: Receiver) -> None:
    WebhookNotifier(receiver.url).notify(_FAILURE)
    assert receiver.requests == [
        (
            "/hooks/t0p-secret",
            "application/json",
            {
                "text": _SENTENCE,
                "job": "nightly",
                "run_id": "run-1",
                "days": ["2026-06-27", "2026-06-28"],
                "reasons": ["load: a.csv is not\nthere."],
            },
        )
    ]


def _logged_failure(caplog: pytest.LogCaptureFixture, url: SecretStr) -> str:
    with caplog.at_level(logging.ERROR, "usage_pipeline"):
        WebhookNotifier(url, timeout=0.3).notify(_FAILURE)
    (record,) = caplog.records
    assert "t0p-secret" not in record.getMessage()
    return record.getMessage()


def test_a_webhook_that_refuses_is_logged(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    assert "at 127.0.0.1 failed (HTTP status 500): run run-1" in _logged_failure(
        caplog, receiver.url
    )


def test_a_webhook_that_never_answers_is_given_up(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.silent = True
    assert "is not announced there" in _logged_failure(caplog, receiver.url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/t0p-secret", "http://127.0.0.1:1/a space and t0p-secret"]
)
def test_a_webhook_that_is_not_there_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "is not announced there" in _logged_failure(caplog, SecretStr(url))


def test_the_log_has_the_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "usage_pipeline"):
        LogNotifier().notify(_FAILURE)
    assert caplog.messages == [_SENTENCE]


def test_there_is_always_the_log_and_the_webhook_when_it_is_set() -> None:
    assert [type(way) for way in notifiers(None)] == [LogNotifier]
    ways = notifiers(SecretStr("https://chat.example/hook"))
    assert [type(way) for way in ways] == [LogNotifier, WebhookNotifier]


class _Collected:
    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def notify(self, failure: Failure) -> None:
        self.failures.append(failure)


def _failed_run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    @dg.op
    def load_executions() -> None:
        raise dg.Failure("exports/2026-06-28.csv is not there.")

    @dg.op
    def read_clock() -> None:
        try:
            raise ValueError("what really happened")
        except ValueError as error:
            raise RuntimeError("what was made of it") from error

    @dg.job
    def nightly() -> None:
        load_executions()
        read_clock()

    return nightly.execute_in_process(
        instance=instance,
        raise_on_error=False,
        tags=range_tags(date(2026, 6, 27), date(2026, 6, 28)),
    )


def test_the_sensor_tells_of_the_job_its_days_and_why_each_step_failed(
    receiver: Receiver, settings: Settings
) -> None:
    collected = _Collected()
    sensor = failure_alert(settings, [WebhookNotifier(SecretStr("http://127.0.0.1:1")), collected])
    with dg.DagsterInstance.ephemeral() as instance:
        run = _failed_run(instance)
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_alert",
            dagster_event=run.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=run.dagster_run,
        ).for_run_failure()
        sensor(context)
    (failure,) = collected.failures
    assert failure.job == "nightly"
    assert failure.run_id == run.run_id
    assert failure.days == [date(2026, 6, 27), date(2026, 6, 28)]
    load, clock = sorted(failure.reasons)
    assert load == "load_executions: exports/2026-06-28.csv is not there."
    assert clock.startswith("read_clock: ")
    assert "what really happened" in clock


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("2026-06-28: 9 of 10 rows rejected.", "2026-06-28: 9 of 10 rows rejected."),
        (None, "The check is_whole of loaded failed in the run of 2026-06-28."),
    ],
)
def test_a_check_that_stops_a_night_is_told_of_in_its_own_sentence_alone(
    settings: Settings, sentence: str | None, reason: str
) -> None:
    @dg.asset
    def loaded() -> None:
        """Hold nothing."""

    @dg.asset_check(asset=loaded, blocking=True)
    def is_whole() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description=sentence)

    collected = _Collected()
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize(
            [loaded, is_whole],
            instance=instance,
            raise_on_error=False,
            tags=range_tags(date(2026, 6, 28), date(2026, 6, 28)),
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_alert",
            dagster_event=run.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=run.dagster_run,
        ).for_run_failure()
        failure_alert(settings, [collected])(context)
    assert [failure.reasons for failure in collected.failures] == [[reason]]


@pytest.fixture
def settings() -> Settings:
    return Settings(database_url="postgresql://nobody@127.0.0.1:1/none", _env_file=None)


def test_the_sensor_runs_by_itself(settings: Settings) -> None:
    assert failure_alert(settings).default_status == dg.DefaultSensorStatus.RUNNING


def test_the_address_of_the_webhook_is_checked_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(alert_webhook_url="https://chat.example/t0p-secret", _env_file=None)
    assert "t0p-secret" not in repr(settings) + settings.model_dump_json()
    monkeypatch.setenv("USAGE_ALERT_WEBHOOK_URL", "file:///etc/t0p-secret")
    with pytest.raises(UsageError, match="USAGE_ALERT_WEBHOOK_URL is not valid: write an") as error:
        read_settings()
    assert "t0p-secret" not in str(error.value)
