"""Finds sequences in many ways, checks that they agree, and prints how long each took.

    python -m tests.bench.mining.bench_sequences                     a small run
    python -m tests.bench.mining.bench_sequences --executions 10000000 --users 200000 \\
        --sample-users 2000 --some-users 20000 --embedded FOLDER     the full one
    uv run --with pm4py python -m ...                                with pm4py's variants

What would take hours at full size runs on fewer users, and what all would take is reckoned from the
time per execution. The specification's loop runs a query per user, whose time does not depend on
the other users' loops, so a sample of users on the full table is a fair measure of it. Packages and
servers that are not there are left out. Reading from and writing to a database have lines of their
own and are part of no time but that of the loop with queries in Postgres. Everybody has the better
of two rounds. On a busy machine the time of the processors tells more than that of the clock.
"""

import argparse
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import dbapi
from psycopg import sql

from tests.bench.mining import competitors
from tests.bench.mining.bursts import bursts
from usage_pipeline.mining.daily.sequences import count_sequences
from usage_pipeline.mining.daily.sessions import cut_sessions
from usage_pipeline.mining.daily.statistics import statistics_of_days
from usage_pipeline.mining.executions import Executions, ExecutionsOfUsers
from usage_pipeline.mining.sequences.frequent import workflow_sequences
from usage_pipeline.mining.settings import SessionSettings
from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.embedded.server import EmbeddedServer

AS_OF = date(2026, 6, 29)
ROUNDS = 2
WINDOW_DAYS = 8  # sessions of the last evening close on the day after
SINCE = datetime(2026, 6, 22, tzinfo=UTC)  # 7 days before the executions end
USERS_WITHOUT_INDEX = 50  # each of them reads the whole table
CREATE_FOUND = """
create table bench_found (
    user_id uuid, sequence_id uuid, workflow_ids uuid[], execution_order integer[],
    frequency integer, last_executed timestamptz, popularity_rank integer
)
"""


class Unbroken(SessionSettings):
    max_steps: ClassVar[int] = 1_000_000


AS_THEY_COUNT = Unbroken(collapse_repeats=False)


@dataclass(frozen=True)
class Took:
    """Time by the clock, and of this process's processors."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Line:
    """One way: what it ran on, how long it took, and whether its results are ours."""

    name: str
    executions: int
    took: Took
    equal: str


def timed(
    work: Callable[[], Any],
    rounds: int = 1,
    processor_time: Callable[[], float] = time.process_time,
) -> tuple[Any, Took]:
    """The result and the least time of some rounds."""
    found = []
    for _ in range(rounds):
        begin, cpu_begin = time.perf_counter(), processor_time()
        result = work()
        seconds, cpu = time.perf_counter() - begin, processor_time() - cpu_begin
        found.append(Took(seconds, cpu))
    least = Took(min(t.seconds for t in found), min(t.cpu_seconds for t in found))
    return result, least


def find(executions: pa.Table, settings: SessionSettings, top: int | None = 5) -> pa.Table:
    def of_block(block: Executions) -> pa.Table:
        counts = count_sequences(cut_sessions(block, settings), "UTC")
        return workflow_sequences(counts, AS_OF, window_days=WINDOW_DAYS, top=top)

    return pa.concat_tables(ExecutionsOfUsers(executions).map_blocks(of_block))


def frequencies(sequences: pa.Table) -> competitors.Frequencies:
    return {
        (user, tuple(workflows)): count
        for user, workflows, count in zip(
            sequences["user_id"].to_pylist(),
            sequences["workflow_ids"].to_pylist(),
            sequences["frequency"].to_pylist(),
            strict=True,
        )
    }


def same(found: object, expected: object) -> str:
    return "yes" if found == expected else "NO"


def of_users(table: pa.Table, users: list[str]) -> pa.Table:
    return table.filter(pc.is_in(table["user_id"], value_set=pa.array(users)))


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def with_server(connection: psycopg.Connection) -> Callable[[], float]:
    """Processor time of this process and of a server on this machine, in seconds.

    The server's is that of the connection's process, and of those that have ended, such as the ones
    that worked for it in parallel.
    """
    backend = Path(f"/proc/{connection.info.backend_pid}/stat")

    def fields_of(stat: Path) -> list[str]:
        return stat.read_text().rpartition(")")[2].split()

    def processor_time() -> float:
        of_backend = fields_of(backend)
        of_parent = fields_of(Path(f"/proc/{of_backend[1]}/stat"))
        ticks = sum(map(int, (*of_backend[11:13], *of_parent[13:15])))
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

    return processor_time


class Bench:
    """The executions and the lines so far."""

    def __init__(self, executions: int, users: int, sample: int, fraction: int) -> None:
        self.table = bursts(executions, users)
        self.lines: list[Line] = []
        some = pc.unique(self.table["user_id"]).to_pylist()
        self.sample = some[:sample]
        self.some = some[:fraction]

    def ours(self) -> None:
        # The first call of a process pays for loading and for memory that later ones reuse.
        find(self.table.slice(0, 1_000), AS_THEY_COUNT)
        before = peak_gib()
        _, took = timed(lambda: find(self.table, AS_THEY_COUNT), ROUNDS)
        print(f"peak memory: {before:.2f} GiB with the executions, {peak_gib():.2f} GiB after ours")
        count = self.table.num_rows
        self.lines.append(Line("ours, top 5 of each user", count, took, "-"))
        _, took = timed(lambda: find(self.table, SessionSettings()), ROUNDS)
        self.lines.append(Line("ours, repeats collapsed, split at 50", count, took, "-"))
        _, took = timed(lambda: statistics_of_days(self.table, "UTC"), ROUNDS)
        self.lines.append(Line("ours, all daily statistics with their ids", count, took, "-"))

    def add(
        self,
        name: str,
        part: pa.Table,
        work: Callable[[], Any],
        expected: Any,
        processor_time: Callable[[], float] = time.process_time,
    ) -> None:
        result, took = timed(work, ROUNDS, processor_time)
        equal = "differs by definition" if expected is None else same(result, expected)
        self.lines.append(Line(name, part.num_rows, took, equal))

    def specification(self) -> None:
        users = self.sample[:USERS_WITHOUT_INDEX]
        part = of_users(self.table, users)
        expected = frequencies(find(part, AS_THEY_COUNT, top=None))
        whole = frame_of(self.table)
        self.add(
            f"the specification's loop, {len(users):,} users, table in memory without an index",
            part, lambda: competitors.specification_loop(whole, users), expected,
        )  # fmt: skip

    def in_python(self) -> None:
        part = of_users(self.table, self.some)
        frame, found = frame_of(part), find(part, AS_THEY_COUNT, top=None)
        expected = frequencies(found)
        for name, way in (
            ("one Python loop over sorted rows", competitors.python_loop),
            ("pandas, a function per user", competitors.pandas_groupby_apply),
            ("pandas on columns", competitors.pandas_columns),
        ):
            self.add(name, part, lambda way=way: way(frame), expected)
        if find_spec("pm4py"):
            total: Counter = Counter()
            for (_, workflows), count in expected.items():
                total[workflows] += count
            self.add(
                "pm4py variants, all users",
                part,
                lambda: competitors.pm4py_variants(frame),
                dict(total),
            )
        else:
            print("pm4py is not installed: left out")
        if find_spec("prefixspan"):
            lists = list(competitors.session_lists(frame))
            self.add(
                "PrefixSpan per user, sessions given",
                part,
                lambda: competitors.prefixspan_per_user(lists),
                None,
            )
        else:
            print("prefixspan is not installed: left out")

    def in_postgres(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            _, took = timed(lambda: competitors.load(connection, self.table))
            print(f"loading Postgres took {took.seconds:.1f} s and counts for nobody")
            self.specification_in_postgres(connection)
            self.reading_and_writing(url, connection)
            # Enough to sort in memory; the default would have it write runs to the disk.
            connection.execute("set work_mem = '2GB'")
            ours = frequencies(find(self.table, AS_THEY_COUNT))
            cpu = with_server(connection)
            _, took = timed(lambda: competitors.postgres_sequences(connection), ROUNDS, cpu)
            equal = same(competitors.in_postgres(connection), ours)
            name = "SQL sessionization in Postgres, top 5"
            self.lines.append(Line(name, self.table.num_rows, took, equal))
            connection.execute("drop table workflow_executions_simple, bench_sequences")

    def specification_in_postgres(self, connection: psycopg.Connection) -> None:
        part = of_users(self.table, self.sample)
        self.add(
            f"the specification's loop, {len(self.sample):,} users, query and index in Postgres",
            part,
            lambda: competitors.specification_loop_in_postgres(connection, self.sample, SINCE),
            frequencies(find(part, AS_THEY_COUNT, top=None)),
            with_server(connection),
        )

    def reading_and_writing(self, url: str, connection: psycopg.Connection) -> None:
        read, took = timed(lambda: read_executions(url), ROUNDS)
        equal = same(read.num_rows, self.table.num_rows)
        self.lines.append(Line("reading from Postgres by columns (ADBC)", len(read), took, equal))
        found = find(read, SessionSettings())
        del read
        connection.execute(CREATE_FOUND)
        target = sql.Identifier("bench_found")
        cpu = with_server(connection)
        _, took = timed(lambda: copy_batch(connection, target, found), processor_time=cpu)
        name = f"writing {len(found):,} sequences to Postgres (binary COPY)"
        self.lines.append(Line(name, self.table.num_rows, took, "-"))
        connection.execute("drop table bench_found")

    def report(self) -> None:
        """A table; by CPU and by clock is the time for all in times of ours."""
        base = self.lines[0]
        print("| way | executions | seconds | for all, s | CPU s | by CPU | by clock | equal |")
        print("|---|---:|---:|---:|---:|---:|---:|---|")
        for line in self.lines:
            share = base.executions / line.executions
            for_all = line.took.seconds * share
            by_cpu = line.took.cpu_seconds * share / base.took.cpu_seconds
            print(
                f"| {line.name} | {line.executions:,} | {line.took.seconds:.2f} | {for_all:,.1f} "
                f"| {line.took.cpu_seconds:.2f} | {by_cpu:,.1f} "
                f"| {for_all / base.took.seconds:,.1f} | {line.equal} |"
            )


def read_executions(url: str) -> pa.Table:
    """The executions as the nightly job reads them."""
    query = sql.SQL(
        "select id, user_id, workflow_id, start_time, status, trigger_type, 1 as attempt "
        "from workflow_executions_simple"
    )
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        return Snapshot(cursor).read(query)


def frame_of(table: pa.Table) -> pd.DataFrame:
    chosen = table.select(["user_id", "workflow_id", "start_time"])
    return chosen.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--sample-users", type=int, default=500, help="of the specification's loop")
    parser.add_argument("--some-users", type=int, default=2_000, help="of the ways in Python")
    parser.add_argument("--postgres", help="URL of a server on which tables may be made")
    parser.add_argument("--embedded", type=Path, help="folder for an embedded server instead")
    chosen = parser.parse_args()
    bench = Bench(chosen.executions, chosen.users, chosen.sample_users, chosen.some_users)
    print(f"{bench.table.num_rows:,} executions of {chosen.users:,} users in 7 days")
    bench.ours()
    bench.specification()
    bench.in_python()
    if chosen.embedded:
        server = EmbeddedServer(chosen.embedded.resolve())
        try:
            bench.in_postgres(server.start())
        finally:
            server.destroy()
    elif chosen.postgres:
        bench.in_postgres(chosen.postgres)
    else:
        print("no server: everything in Postgres is left out")
    bench.report()


if __name__ == "__main__":
    main()
