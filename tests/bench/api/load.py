"""How much the API takes, beside a bare endpoint that runs the same query through the same pool.

    python -m tests.bench.api.load --seconds 3

Needs wrk. It runs on the warehouse of the settings, which must have marts (usage-pipeline demo),
and tracks executions there: use a home of its own. Load generator, servers and Postgres share the
machine. Peaks are wrk's, with 16 connections, the two servers by turns, and the median of the turns
counts. What a request takes of the processor is that of the server's process, which other work on
the machine changes least. Latency at half of the peak is that of requests sent at a fixed rate,
counted from when each was due, so that a stall is not hidden by waiting.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from usage_pipeline.cli.console import open_installation

PREFIX = "/api/v1/workflow-usage"
ITEMS = 100
_CONNECTIONS = 16
_TURNS = 7
_TRACK_SCRIPT = """
local template = [=[%s]=]
local thread_count = 0
function setup(thread)
  thread:set("number", thread_count)
  thread_count = thread_count + 1
end
local sent = 0
request = function()
  sent = sent + 1
  local body = template:gsub("RUN", "%s-" .. number .. "-" .. sent)
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end
"""


@dataclass(frozen=True)
class Peak:
    """What wrk measured."""

    per_second: float
    p99_ms: float
    errors: int


def track_body(run: str) -> str:
    """A batch of executions whose ids begin with a word."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    items = [
        {
            "user_id": f"user-{place % 50}", "workflow_id": f"workflow-{place % 20}",
            "status": "completed", "execution_id": f"{run}-{place}", "start_time": now,
            "duration_ms": 0, "trigger": "api",
        }
        for place in range(ITEMS)
    ]  # fmt: skip
    return json.dumps({"executions": items})


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    address: str
    pid: int

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(command: list[str], port: int) -> Iterator[Server]:
    """A server in a process of its own."""
    environment = {**os.environ, "USAGE_API_RATE_LIMIT": "1000000000/minute"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wrk(url: str, seconds: int, script: Path | None = None) -> Peak:
    """The most a server answers."""
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    if script is not None:
        command += ["-s", str(script)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, slow = (
        re.search(r"Requests/sec:\s+([\d.]+)", text),
        re.search(r"(?m)^\s+99%\s+(\S+)", text),
    )
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    assert rate, text
    assert slow, text
    return Peak(float(rate[1]), _milliseconds(slow[1]), int(wrong[1]) if wrong else 0)


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


async def at_rate(
    port: int, request: Callable[[int], bytes], per_second: float, seconds: float
) -> list[float]:
    """Send at a fixed rate; milliseconds from when each request was due to its answer."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    took: list[float] = []
    start = time.perf_counter()

    async def one(number: int) -> None:
        due = start + number / per_second
        reader, writer = await free.get()
        writer.write(request(number))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")), head
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        took.append((time.perf_counter() - due) * 1000)
        free.put_nowait((reader, writer))

    tasks = []
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0, start + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return sorted(took)


def latencies(
    server: Server, request: Callable[[int], bytes], per_second: float, seconds: float
) -> str:
    """The medians of p50 and p99 over some rounds: what disturbs one of them does not count."""
    rounds = [asyncio.run(at_rate(server.port, request, per_second, seconds)) for _ in range(5)]
    middle, slow = (
        statistics.median(_percentile(took, share) for took in rounds) for share in (0.5, 0.99)
    )
    return f"{middle:.1f}, {slow:.1f}"


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _post(path: str, body: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _percentile(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


@dataclass(frozen=True)
class Turn:
    """What one server did in some seconds."""

    per_second: float
    processor_us: float


def _turn(server: Server, path: str, seconds: int) -> Turn:
    before = server.processor_seconds
    peak = wrk(server.address + path, seconds)
    assert not peak.errors
    used = server.processor_seconds - before
    return Turn(peak.per_second, used / (peak.per_second * seconds) * 1e6)


def reads(api: Server, bare: Server, user: str, seconds: int) -> None:
    """Print the peaks of some reads, beside the bare endpoint's."""
    paths = {
        "a user's workflows": (f"/user/{user}?limit=50", f"/user/{user}"),
        "popular": ("/popular?limit=50", "/popular"),
    }
    print(
        "| read | API, requests/s | bare endpoint | ratio (least, most) | processor us a request: "
        "API, bare | ratio | API at half: p50, p99 ms | known by its ETag, requests/s |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, (ours, theirs) in paths.items():
        turns = [
            (_turn(api, PREFIX + ours, seconds), _turn(bare, theirs, seconds))
            for _ in range(_TURNS)
        ]
        ratios = sorted(mine.per_second / its.per_second for mine, its in turns)
        mine = statistics.median(turn.per_second for turn, _ in turns)
        its = statistics.median(turn.per_second for _, turn in turns)
        my_us = statistics.median(turn.processor_us for turn, _ in turns)
        its_us = statistics.median(turn.processor_us for _, turn in turns)
        request = _get(PREFIX + ours)
        took = latencies(api, lambda _, same=request: same, mine / 2, seconds)
        tag = httpx.get(api.address + PREFIX + ours).headers["etag"]
        known = _known(api.address + PREFIX + ours, tag, seconds)
        print(
            f"| {name} | {mine:,.0f} | {its:,.0f} "
            f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f}, {ratios[-1]:.2f}) "
            f"| {my_us:.0f}, {its_us:.0f} | {its_us / my_us:.2f} "
            f"| {took} | {known:,.0f} |",
            flush=True,
        )


def _known(url: str, tag: str, seconds: int) -> float:
    with TemporaryDirectory() as folder:
        script = Path(folder) / "known.lua"
        script.write_text(f"wrk.headers['If-None-Match'] = '{tag}'")
        return wrk(url, seconds, script).per_second


def tracks(api: Server, seconds: int) -> None:
    """Print how many executions are tracked durably."""
    run = f"{time.time_ns():x}"
    with TemporaryDirectory() as folder:
        script = Path(folder) / "track.lua"
        script.write_text(_TRACK_SCRIPT % (track_body("RUN"), run))
        peak = max(
            (wrk(f"{api.address}{PREFIX}/track", seconds, script) for _ in range(2)),
            key=lambda each: each.per_second,
        )
    assert peak.errors == 0
    half = peak.per_second / 2
    sent = count()
    took = latencies(
        api,
        lambda number: _post(f"{PREFIX}/track", track_body(f"{run}-{next(sent)}-{number}")),
        half,
        seconds * 2,
    )
    print("\n| track, batches of 100 | executions/s | at half: p50, p99 ms |")
    print("|---|---:|---:|")
    print(
        f"| durable | {peak.per_second * ITEMS:,.0f} | {took} |",
        flush=True,
    )


def main() -> None:
    """Run all of it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only-track", action="store_true")
    seconds, only_track = vars(parser.parse_args()).values()
    assert shutil.which("wrk"), "install wrk"
    _, warehouse = open_installation()
    with warehouse.connect() as connection:
        row: Any = connection.execute(
            "select user_id from marts.user_workflow_stats "
            "group by 1 order by count(*) desc limit 1"
        ).fetchone()
    ours, theirs = _free_port(), _free_port()
    bare = [sys.executable, "-m", "tests.bench.api.bare", str(theirs)]
    api = [sys.executable, "-m", "usage_pipeline.cli", "api", "--port", str(ours)]
    with serving(api, ours) as mine, serving(bare, theirs) as other:
        if not only_track:
            reads(mine, other, str(row[0]), seconds)
        tracks(mine, seconds)


if __name__ == "__main__":
    main()
