"""What `track` costs the caller, per call: with the API there, slow, gone, and the queue full.

    python -m tests.bench.client.overhead --calls 20000

Per call, less what the same call takes without `track`: what it computes (CPU time of the calling
thread, the steadier number on a busy machine) and what it takes by the clock, as medians of rounds;
and the 99.9th percentile of single calls by the clock. Calls come as fast as they can, so that the
sending thread wants the interpreter all the time. The server is a small one in its own process.
"""

import argparse
import asyncio
import logging
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.client.loopback import Reply, running
from usage_pipeline.client import Client

ROUNDS = 5
REPLIES = {
    "API answers": Reply(),
    "API takes 0.5 s": Reply(wait_seconds=0.5),
    "API is overloaded (503)": Reply(503),
}


@dataclass(frozen=True)
class Cost:
    """Microseconds per call."""

    cpu_us: float
    wall_us: float
    worst_us: float


def measured(call: Callable[[], object], calls: int) -> Cost:
    """The cost of one call, in the median of some rounds, and in the worst of 1,000 calls."""
    cpu: list[float] = []
    wall: list[float] = []
    singles: list[int] = []
    clock = time.perf_counter_ns
    for _ in range(ROUNDS):
        begun, computed = clock(), time.thread_time_ns()
        for _ in range(calls):
            call()
        cpu.append((time.thread_time_ns() - computed) / calls)
        wall.append((clock() - begun) / calls)
        for _ in range(calls):
            before = clock()
            call()
            singles.append(clock() - before)
    singles.sort()
    worst = singles[int(len(singles) * 0.999)]
    return Cost(statistics.median(cpu) / 1e3, statistics.median(wall) / 1e3, worst / 1e3)


def coroutine_cpu_us(client: Client, calls: int) -> float:
    """What tracking a coroutine function computes per call."""

    @client.track("bench")
    async def tracked() -> None: ...

    async def plain() -> None: ...

    async def rounds(call: Callable[[], object]) -> list[float]:
        taken = []
        for _ in range(ROUNDS):
            begun = time.thread_time_ns()
            for _ in range(calls):
                await call()  # type: ignore[misc]
            taken.append((time.thread_time_ns() - begun) / calls)
        return taken

    ours, bare = asyncio.run(rounds(tracked)), asyncio.run(rounds(plain))
    return (statistics.median(ours) - statistics.median(bare)) / 1e3


def _serve(reply: Reply, connection: Connection) -> None:
    with running(lambda *_: reply) as api:
        connection.send(api.url)
        connection.recv()


@contextmanager
def served(reply: Reply) -> Iterator[str]:
    """The address of a server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(reply, theirs), daemon=True)
    process.start()
    yield ours.recv()
    ours.send("done")
    process.join(5)


def line(name: str, url: str, calls: int, max_waiting: int = 1_000_000) -> None:
    """Measure one case and print it."""
    client = Client(url, user_id="bench", timeout=2, max_waiting=max_waiting)

    def function() -> None: ...

    bare = measured(function, calls)
    cost = measured(client.track("bench")(function), calls)
    coroutine = coroutine_cpu_us(client, calls)
    client.close(0.5)
    stats = client.stats
    print(
        f"{name:<34}{cost.cpu_us - bare.cpu_us:>8.1f} us{coroutine:>10.1f} us"
        f"{cost.wall_us - bare.wall_us:>10.1f} us{cost.worst_us:>10.0f} us"
        f"{stats.accepted:>12,}{stats.dropped:>12,}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    calls = parser.parse_args().calls
    print(
        f"{'':<34}{'CPU':>11}{'coroutine':>13}{'by clock':>13}{'99.9 %':>13}"
        f"{'accepted':>12}{'dropped':>12}"
    )
    logging.getLogger("usage_pipeline.client").setLevel(logging.ERROR)
    for name, reply in REPLIES.items():
        with served(reply) as url:
            line(name, url, calls)
    line("nobody listens", "http://127.0.0.1:9", calls)
    line("nobody listens, queue full (1,000)", "http://127.0.0.1:9", calls, max_waiting=1_000)


if __name__ == "__main__":
    main()
