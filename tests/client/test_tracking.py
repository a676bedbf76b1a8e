"""What `track` reports about a call, and that the call is as it was without it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.client.loopback import accepted_body
from tests.loops import run
from usage_pipeline.client import AsyncClient, Client, set_default_client, track
from usage_pipeline.client import default as default_module


class Sink:
    """Takes everything and keeps it."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["executions"]
        self.items += items
        return httpx.Response(202, content=accepted_body(items))


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def client(sink: Sink) -> Iterator[Client]:
    with Client(
        "http://api", user_id="ada", send_interval=0, transport=httpx.MockTransport(sink)
    ) as client:
        yield client


def ends(client: Client, sink: Sink) -> list[dict[str, Any]]:
    """The last report of each execution, in the order of their starts."""
    assert client.flush()
    last = {item["execution_id"]: item for item in sink.items}
    return sorted(last.values(), key=lambda item: item["start_time"])


def test_a_call_is_one_execution_that_starts_and_completes(client: Client, sink: Sink) -> None:
    @client.track("report", workflow_name="Send report")
    def double(number: int) -> int:
        client.flush()
        return 2 * number

    assert double(21) == 42
    client.flush()
    started, completed = sink.items
    assert (
        started["execution_id"] == completed["execution_id"] == str(UUID(started["execution_id"]))
    )
    assert [started["status"], completed["status"]] == ["started", "completed"]
    assert started["workflow_name"] == completed["workflow_name"] == "Send report"
    assert started["start_time"] == completed["start_time"]
    assert started["user_id"] == completed["user_id"] == "ada"
    assert datetime.fromisoformat(completed["end_time"]) >= datetime.fromisoformat(
        completed["start_time"]
    )


def test_a_short_call_is_one_report(sink: Sink) -> None:
    with Client(
        "http://api", user_id="ada", send_interval=30, transport=httpx.MockTransport(sink)
    ) as client:
        for _ in range(3):
            with client.track("report"):
                pass
    assert [item["status"] for item in sink.items] == ["completed"] * 3
    assert (client.stats.reported, client.stats.merged, client.stats.accepted) == (6, 3, 3)


def test_each_call_is_an_execution_of_its_own(client: Client, sink: Sink) -> None:
    @client.track("report")
    def call() -> None: ...

    for _ in range(5):
        call()
    assert len(ends(client, sink)) == 5


def test_an_exception_goes_on_as_it_was_and_is_reported_with_type_and_message(
    client: Client, sink: Sink
) -> None:
    error = ValueError("no such order")

    @client.track("report")
    def call() -> None:
        raise error

    with pytest.raises(ValueError, match="no such order") as caught:
        call()
    assert caught.value is error
    assert error.__context__ is None
    (end,) = ends(client, sink)
    assert (end["status"], end["error_message"]) == ("failed", "ValueError: no such order")


def test_messages_can_be_kept_back(sink: Sink) -> None:
    with (
        Client(
            "http://api", user_id="a", error_messages=False, transport=httpx.MockTransport(sink)
        ) as client,
        pytest.raises(KeyError),
        client.track("report"),
    ):
        raise KeyError("iban DE00")
    assert sink.items[-1]["error_message"] == "KeyError"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_an_interrupted_block_is_cancelled(
    client: Client, sink: Sink, interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption), client.track("report"):
        raise interruption
    (end,) = ends(client, sink)
    assert end["status"] == "cancelled"
    assert "error_message" not in end


def test_a_block_can_say_how_it_ended_and_what_it_used(client: Client, sink: Sink) -> None:
    with client.track("report") as execution:
        execution.input_size, execution.output_size, execution.cost = 10, 20, 0.5
        execution.fail("the printer said no")
    (end,) = ends(client, sink)
    assert (end["status"], end["error_message"]) == ("failed", "the printer said no")
    assert (end["input_size"], end["output_size"], end["cost"]) == (10, 20, 0.5)


def test_a_block_can_carry_the_id_and_attempt_of_a_job(client: Client, sink: Sink) -> None:
    with client.track("report", execution_id="job-7", attempt=2, trigger="scheduled") as execution:
        assert execution.execution_id == "job-7"
    (end,) = ends(client, sink)
    assert (end["execution_id"], end["attempt"], end["trigger"]) == ("job-7", 2, "scheduled")


def test_an_execution_inside_another_is_chained_unless_it_says_otherwise(
    client: Client, sink: Sink
) -> None:
    @client.track("inner")
    def inner() -> None: ...

    @client.track("outer")
    def outer() -> None:
        inner()
        with client.track("asked", trigger="manual"):
            pass

    outer()
    inner()
    triggers = [(end["workflow_id"], end["trigger"]) for end in ends(client, sink)]
    assert triggers == [
        ("outer", "api"),
        ("inner", "chained"),
        ("asked", "manual"),
        ("inner", "api"),
    ]


def test_blocks_that_overlap_leave_nothing_chained_behind(client: Client, sink: Sink) -> None:
    first, second = client.track("first"), client.track("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with client.track("inside-second"):
        pass
    second.__exit__(None, None, None)
    with client.track("after-both"):
        pass
    triggers = [end["trigger"] for end in ends(client, sink)]
    assert triggers == ["api", "chained", "chained", "api"]


def test_the_user_can_come_from_the_arguments(client: Client, sink: Sink) -> None:
    class Orders:
        @client.track("order", user_id=lambda *_, owner: owner)
        def place(self, *, owner: str) -> int:
            return len(owner)

    assert Orders().place(owner="grace") == 5
    (end,) = ends(client, sink)
    assert end["user_id"] == "grace"


def test_what_cannot_be_reported_costs_the_report_and_not_the_call(sink: Sink) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with Client("http://api", send_interval=30, transport=httpx.MockTransport(sink)) as client:
        assert client.track("no-user")(lambda: 1)() == 1
        assert client.track("wrong-user", user_id=lambda: 1 / 0)(lambda: 2)() == 2
        assert client.track(None, user_id="ada")(lambda: 3)() == 3  # type: ignore[arg-type]
        with client.track("no-json", user_id="ada") as execution:
            execution.cost = float("nan")
        with client.track("no-json", user_id="ada") as execution:
            execution.input_size = object()  # type: ignore[assignment]
        with pytest.raises(UnspeakableError), client.track("no-text", user_id="ada"):
            raise UnspeakableError
    assert [item["workflow_id"] for item in sink.items] == ["no-text"]
    assert sink.items[0]["error_message"].endswith("UnspeakableError")
    assert client.stats.rejected == 5


def test_a_text_that_is_no_unicode_or_holds_nul_is_made_readable(
    client: Client, sink: Sink
) -> None:
    with pytest.raises(ValueError, match="a"), client.track("report"):
        raise ValueError("a\ud800b\0c")
    (end,) = ends(client, sink)
    assert end["error_message"] == "ValueError: a?b�c"


def test_a_coroutine_function_stays_one_and_is_tracked_until_its_end(
    client: Client, sink: Sink
) -> None:
    @client.track("slow")
    async def slow(number: int) -> int:
        await asyncio.sleep(0.05)
        return number + 1

    assert asyncio.iscoroutinefunction(slow)
    assert run(slow(1)) == 2
    (end,) = ends(client, sink)
    duration = datetime.fromisoformat(end["end_time"]) - datetime.fromisoformat(end["start_time"])
    assert duration.total_seconds() >= 0.05


def test_a_cancelled_task_is_cancelled(client: Client, sink: Sink) -> None:
    @client.track("slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(slow())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    (end,) = ends(client, sink)
    assert end["status"] == "cancelled"


def test_tasks_side_by_side_are_not_chained_to_each_other(client: Client, sink: Sink) -> None:
    @client.track("task")
    async def task() -> None:
        await asyncio.sleep(0.01)

    async def main() -> None:
        await asyncio.gather(*(task() for _ in range(10)))

    run(main())
    assert [end["trigger"] for end in ends(client, sink)] == ["api"] * 10


def test_an_object_that_is_called_asynchronously_is_tracked_until_its_end(
    client: Client, sink: Sink
) -> None:
    class Job:
        __name__ = "Job"

        async def __call__(self) -> str:
            await asyncio.sleep(0.02)
            return "done"

    assert run(client.track("job")(Job())()) == "done"
    assert run(client.track("job")(partial(Job.__call__, Job()))()) == "done"
    for end in ends(client, sink):
        assert end["end_time"] > end["start_time"]


def test_async_with_tracks_a_block_of_the_asynchronous_client(sink: Sink) -> None:
    async def main() -> None:
        async with AsyncClient(
            "http://api", user_id="ada", tracking_transport=httpx.MockTransport(sink)
        ) as client:
            async with client.track("block"):
                await asyncio.sleep(0)
            assert await client.flush()
            assert client.stats.accepted == 1

    run(main())
    assert [item["status"] for item in sink.items] == ["completed"]


def test_generators_are_refused_when_they_are_decorated(client: Client) -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def asynchronous_generator() -> AsyncIterator[int]:
        yield 1

    for function in (generator, asynchronous_generator):
        with pytest.raises(TypeError, match=r"use `with track\(\.\.\.\)` inside it"):
            client.track("report")(function)
    with pytest.raises(TypeError, match="below @classmethod"):
        client.track("report")(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="one execution"):
        client.track("report", execution_id="1")(print)


def test_threads_that_share_a_decorated_function_do_not_mix(client: Client, sink: Sink) -> None:
    @client.track("report", user_id=lambda name: name)
    def call(name: str) -> None: ...

    threads = [
        threading.Thread(target=lambda n=number: [call(f"user-{n}") for _ in range(50)])
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    users = [end["user_id"] for end in ends(client, sink)]
    assert {user: users.count(user) for user in users} == {f"user-{n}": 50 for n in range(4)}


def test_without_an_address_track_reports_to_nobody_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(default_module, "_default", default_module._Default())
    monkeypatch.delenv("USAGE_API_URL", raising=False)
    call = track("report", user_id="ada")(lambda: 5)
    assert [call(), call()] == [5, 5]
    assert [record.message for record in caplog.records] == [
        "Tracking is off: set USAGE_API_URL, or call set_default_client()."
    ]


def test_track_reports_through_the_default_client_and_through_a_given_one(
    monkeypatch: pytest.MonkeyPatch, client: Client, sink: Sink
) -> None:
    monkeypatch.setattr(default_module, "_default", default_module._Default())
    other = Sink()
    decorated = track("before-it-is-set")(lambda: None)
    with Client("http://api", user_id="o", transport=httpx.MockTransport(other)) as default:
        set_default_client(default)
        decorated()
        with track("given", client=client):
            pass
    assert [item["workflow_id"] for item in other.items] == ["before-it-is-set"]
    assert [end["workflow_id"] for end in ends(client, sink)] == ["given"]
