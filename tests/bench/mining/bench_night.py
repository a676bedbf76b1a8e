"""What mining a night takes: seconds, and the greatest memory of the process that mines.

    uv run python -m tests.bench.mining.bench_night --days 2 --rows 3000000 [--before CHECKOUT]

Generated days are loaded and their marts built once. Each round mines all days and the windows in a
process of its own; with another checkout (`--before`) rounds of both take turns, and what they have
mined must be equal but for the last digits of floats.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import sql

from usage_pipeline.settings import Settings
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.warehouse.connection import Warehouse

FIRST_DAY = date(2026, 5, 4)
TABLES = (
    "daily_sequences",
    "daily_transitions",
    "daily_step_counts",
    "daily_hours",
    "workflow_sequences",
    "workflow_sequence_windows",
    "workflow_subsequences",
    "popular_sequences",
    "usage_patterns",
    "usage_insights",
)
# A column that only one of two versions may have, and texts that hold floats.
NOT_COMPARED = ("split_count", "evidence")
_HERE = Path(__file__).parents[3]


def one_round(url: str, home: Path, days: int) -> dict[str, Any]:
    """Mine all days and the windows; only this may run in another checkout."""
    warehouse, settings = Warehouse(url), Settings(home=home, _env_file=None)
    every = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    clock = time.perf_counter()
    mine_days(warehouse, settings, every, every[-1])
    after_days, peak_of_days = time.perf_counter(), peak_mib()
    rows = mine_windows(warehouse, settings, every[-1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "days, s": after_days - clock,
        "windows, s": time.perf_counter() - after_days,
        "client CPU, s": used.ru_utime + used.ru_stime,
        "peak of days, MiB": peak_of_days,
        "peak, MiB": peak_mib(),
        "rows": rows,
    }


def peak_mib() -> float:
    """The greatest resident memory of this program; `ru_maxrss` may be that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def contents(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """For each mined table the number of rows and the sum of their hashes; floats are rounded."""
    sums = {}
    with warehouse.connect() as connection:
        for table in TABLES:
            columns = connection.execute(
                "select column_name, data_type from information_schema.columns "
                "where table_schema = 'mining' and table_name = %s and column_name <> all (%s) "
                "order by column_name",
                [table, list(NOT_COMPARED)],
            ).fetchall()
            values = sql.SQL(", ").join(
                sql.SQL("to_char({}, '9.9999999999EEEE')").format(sql.Identifier(name))
                if kind == "double precision"
                else sql.Identifier(name)
                for name, kind in columns
            )
            row = connection.execute(
                sql.SQL(
                    "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0)"
                    " from {}"
                ).format(values, sql.Identifier("mining", table))
            ).fetchone()
            assert row is not None
            sums[table] = (int(row[0]), int(row[1]))
    return sums


def run_round(checkout: Path, url: str, home: Path, days: int) -> dict[str, Any]:
    program = [sys.executable, str(Path(__file__)), "--round", url, str(home)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    process = subprocess.run(
        [*program, "--days", str(days)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise SystemExit(process.stderr)
    answer: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return answer


def measure(arguments: argparse.Namespace) -> None:
    # Not at the top: a round in another checkout may lack these modules.
    from tests.bench.pipeline.measuring import bench
    from tests.bench.pipeline.night import Pipeline
    from usage_pipeline.synthetic import GeneratorConfig, write
    from usage_pipeline.synthetic.generate import days_of

    config = GeneratorConfig(
        seed=3,
        first_day=FIRST_DAY,
        days=arguments.days,
        users=arguments.users,
        workflows=arguments.workflows,
        executions_per_day=arguments.rows,
        sequence_habits=arguments.users // 10,
        time_habits=arguments.users // 20,
        conditional_habits=arguments.users // 50,
    )
    trees = {"now": _HERE}
    if arguments.before:
        trees["before"] = arguments.before.resolve()
    with bench() as run, TemporaryDirectory(prefix="usage-bench-") as folder:
        executions = write(config, Path(folder)).executions
        pipeline = Pipeline(run, Path(folder))
        every = days_of(config)
        for day in every:
            pipeline.load(day)
        pipeline.build(every[0], every[-1])
        print(f"{executions:,} executions loaded and built", flush=True)
        url = run.warehouse.url
        seen = []
        for number in range(1, arguments.rounds + 1):
            for name, tree in trees.items():
                with run.warehouse.connect() as connection:
                    connection.execute("truncate mining.usage_insights, mining.mined_days")
                with run.measured() as cost:
                    answer = run_round(tree, url, run.home, arguments.days)
                seen.append(contents(run.warehouse))
                answer["server CPU, s"] = cost.server
                print_round(f"{name} {number}", answer)
        for table in TABLES:
            state = "equal" if len({str(each[table]) for each in seen}) == 1 else "DIFFERENT"
            print(f"{table}: {seen[0][table][0]:,} rows, {state}")


def print_round(name: str, answer: dict[str, Any]) -> None:
    numbers = ", ".join(f"{key}: {n:,.1f}" for key, n in answer.items() if isinstance(n, float))
    print(f"{name}: {numbers}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--rows", type=int, default=3_000_000, help="executions a day")
    parser.add_argument("--users", type=int, default=300_000)
    parser.add_argument("--workflows", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--round", nargs=2, metavar=("URL", "HOME"), help="one round, as JSON")
    arguments = parser.parse_args()
    if arguments.round:
        url, home = arguments.round
        print(json.dumps(one_round(url, Path(home), arguments.days)))
    else:
        measure(arguments)


if __name__ == "__main__":
    main()
