"""How fast a day is loaded, against the bare server-side COPY of the same rows.

    python -m tests.bench.pipeline.load --rows 300000

A load is everything between a file and the readable day: unpack, parse, validate, map, spool, COPY,
merge copies, build the key and the index, account, swap. The bare COPY is
`copy TABLE from FILE (format csv)` on the server, into a table of the same columns without any key,
from a file that the server wrote of these rows itself. Both include the commit. `logged` goes into
a table that was there before; `own` into one made in the same transaction, which spares the
write-ahead log and is the least that any load could take.
"""

import argparse
import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests.bench.pipeline.measuring import Bench, Cost, bench, empty, typical
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.synthetic import GeneratorConfig, write
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions import day_load
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.partition import partition_name

# A Wednesday: near the mean of its week.
DAY = date(2026, 5, 6)
STEPS = {
    "copy_batch": "COPY",
    "merge_copies": "merge and key",
    "index_stage": "index, analyze",
}
Split = dict[str, float]


def generate(folder: Path, rows: int, users: int, copies: float = 0.0) -> dict[str, Path]:
    """Write one day of executions as packed and as plain CSV."""
    config = GeneratorConfig(
        first_day=DAY,
        days=1,
        users=users,
        workflows=2_000,
        executions_per_day=rows,
        duplicate_share=copies,
    )
    (packed,) = write(config, folder).files
    plain = folder / "plain.csv"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    return {"csv": plain, "csv.gz": packed}


@contextmanager
def timed_steps() -> Iterator[Split]:
    """Add up the time spent in the steps of a load."""
    spent: Split = dict.fromkeys(STEPS.values(), 0.0)

    def timed(name: str, step: str) -> AbstractContextManager[Any]:
        function = getattr(day_load, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[step] += time.perf_counter() - begin

        return patch.object(day_load, name, run)

    with ExitStack() as stack:
        for name, step in STEPS.items():
            stack.enter_context(timed(name, step))
        yield spent


def load(warehouse: Warehouse, path: Path) -> tuple[int, Split]:
    """Load a file's day; the executions loaded, and where the time went."""
    with TemporaryDirectory(prefix="usage-bench-") as folder, timed_steps() as spent:
        begin = time.perf_counter()
        config = SourceConfig(name="bench", path=str(path))
        source = open_source(config, Path(folder), warehouse.timezone)
        read = time.perf_counter() - begin
        given = DayInput(source.name, source.read_day(DAY), source.inputs(DAY))
        result = load_day(warehouse, DAY, [given])
        whole = time.perf_counter() - begin
    rest = whole - read - sum(spent.values())
    return result.total("loaded"), {"read, validate": read, **spent, "rest": rest}


def unload(run: Bench) -> Path:
    """Have the server write the loaded day into a file of its own."""
    path = run.server.directory / "bare.csv"
    with run.warehouse.connect() as connection:
        connection.execute(
            f"copy (select * from raw.{partition_name(DAY)}) to '{path}' (format csv)"
        )
    return path


def bare_copy(run: Bench, path: Path, *, logged: bool) -> Cost:
    """COPY a file of the server's into a table that has the columns and nothing else."""
    create = "create table raw.bare (like raw.workflow_executions_simple)"
    with run.warehouse.connect() as connection:
        connection.execute("drop table if exists raw.bare")
        if logged:
            connection.execute(create)
    run.settle()
    with run.measured() as cost, run.warehouse.connect() as connection:
        if not logged:
            connection.execute(create)
        connection.execute(f"copy raw.bare from '{path}' (format csv)")
    return cost


def peak_memory(url: str, path: Path) -> tuple[int, int]:
    """Load in a process of its own; its peak before the load and at its end, in bytes."""
    result = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--peak-of", str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "USAGE_BENCH_URL": url},
    )
    before, after = map(int, result.stdout.split())
    return before, after


def print_peak(path: Path) -> None:
    before = _peak_bytes()
    load(Warehouse(os.environ["USAGE_BENCH_URL"]), path)
    print(before, _peak_bytes())


def _peak_bytes() -> int:
    # Not getrusage: its peak includes that of the process that started this one.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell the peak of a process")


def compare(run: Bench, files: dict[str, Path], rounds: int) -> None:
    """Load and COPY in turns; print medians, ratios and where the time goes."""
    costs: dict[str, list[Cost]] = {}
    splits: dict[str, list[Split]] = {name: [] for name in files}
    loaded = 0
    for _ in range(rounds):
        for name, path in files.items():
            with run.warehouse.connect() as connection:
                empty(connection)
            run.settle()
            with run.measured() as cost:
                loaded, split = load(run.warehouse, path)
            costs.setdefault(f"load {name}", []).append(cost)
            splits[name].append(split)
        bare = unload(run)
        for kind in ("logged", "own"):
            cost = bare_copy(run, bare, logged=kind == "logged")
            costs.setdefault(f"bare COPY, {kind}", []).append(cost)
    _print_costs(loaded, {name: typical(each) for name, each in costs.items()})
    print(f"\n| {'of which, s':18} | " + " | ".join(f"{name:>8}" for name in files) + " |")
    print("|---|" + "---:|" * len(files))
    for step in splits["csv"][0]:
        seconds = [median(split[step] for split in splits[name]) for name in files]
        print(f"| {step:18} | " + " | ".join(f"{each:8.2f}" for each in seconds) + " |")


def _print_costs(loaded: int, costs: dict[str, Cost]) -> None:
    print(f"\n{loaded:,} executions\n")
    heads = ("wall s", "rows/s", "x logged", "x own", "client CPU s", "server CPU s", "CPU x own")
    print(f"| {'':18} | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(heads))
    logged, own = costs["bare COPY, logged"], costs["bare COPY, own"]
    for name, cost in costs.items():
        print(
            f"| {name:18} | {cost.wall:.2f} | {loaded / cost.wall:,.0f} "
            f"| {cost.wall / logged.wall:.2f} | {cost.wall / own.wall:.2f} "
            f"| {cost.client:.2f} | {cost.server:.2f} | {cost.cpu / own.cpu:.2f} |"
        )


def compare_memory(run: Bench, folder: Path, rows: int, users: int) -> None:
    """Print the peak memory of a load of some rows and of four times as many by the same users."""
    print("\n| rows | peak memory of the load, MB | of which before it | more by the load |")
    print("|---:|---:|---:|---:|")
    for times in (1, 4):
        part = folder / f"{times}x"
        path = generate(part, rows * times, users)["csv.gz"]
        with run.warehouse.connect() as connection:
            empty(connection)
        before, after = (each / 1e6 for each in peak_memory(run.server.url, path))
        print(f"| {rows * times:,} | {after:.0f} | {before:.0f} | {after - before:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=float, default=0.0, help="share of further copies")
    parser.add_argument("--no-memory", action="store_true", help="leave the memory out")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        print_peak(options.peak_of)
        return
    with bench() as run, TemporaryDirectory(prefix="usage-bench-") as folder:
        files = generate(Path(folder) / "files", options.rows, options.users, options.copies)
        compare(run, files, options.rounds)
        if not options.no_memory:
            compare_memory(run, Path(folder), options.rows, options.users)


if __name__ == "__main__":
    main()
