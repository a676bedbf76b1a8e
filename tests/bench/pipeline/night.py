"""What a night costs as the history grows, and as the day grows.

    python -m tests.bench.pipeline.night --history 10 30 100 --rows 20000
    python -m tests.bench.pipeline.night --history 30 --rows 20000 80000

Each size gets a warehouse of its own: the history is loaded day by day, built by one dbt
invocation and retired but for its last days, as in production. Then nights follow: load the day,
build the marts, retire the day that falls out of the window. Numbers are medians of the nights.

Starting dbt (imports, parsing, connecting) costs the same whatever there is to build. It is
measured beside each night, by an invocation that selects nothing, and taken off to give `marts`.
Ratios are of CPU time, of this process, dbt and the database together, which other work on the
machine disturbs least.

What is current, such as a user's totals of a workflow, has a row for each pair of a user and a
workflow, and is rebuilt for all of them. By default there are so few pairs that a short history
has nearly all of them; with more users and workflows, pairs keep coming as the history grows.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from os import environ
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.pipeline.measuring import Bench, Cost, bench, typical
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.steps.build import build_arguments, dbt_environment, project_directory
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.synthetic import GeneratorConfig, write
from usage_pipeline.synthetic.generate import days_of
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day

FIRST_DAY = date(2026, 1, 5)
STEPS = ("load", "dbt", "dbt start", "retire")
Models = dict[str, float]


@dataclass
class Nights:
    """The nights after one history."""

    days: int
    rows: int
    backfill: Cost = field(default_factory=Cost)
    pairs: int = 0
    costs: dict[str, list[Cost]] = field(default_factory=lambda: {step: [] for step in STEPS})
    models: list[Models] = field(default_factory=list)

    def cost(self, step: str) -> Cost:
        return typical(self.costs[step])

    @property
    def wall(self) -> float:
        return sum(self.cost(step).wall for step in ("load", "dbt", "retire"))

    @property
    def cpu(self) -> float:
        return sum(self.cost(step).cpu for step in ("load", "dbt", "retire"))

    @property
    def database(self) -> float:
        """CPU seconds of the database in a night."""
        return sum(self.cost(step).server for step in ("load", "dbt", "retire"))

    @property
    def beyond_start(self) -> float:
        """CPU seconds of a night without those of starting dbt."""
        return self.cpu - self.cost("dbt start").cpu

    def model(self, name: str) -> float:
        return median(models[name] for models in self.models)


class Pipeline:
    """The steps of a night on one warehouse, without an orchestrator."""

    def __init__(self, run: Bench, folder: Path) -> None:
        self.run = run
        self.settings = Settings(home=run.home, start_date=FIRST_DAY, dbt_threads=2, _env_file=None)
        self._target = run.home / "dbt"
        self._source = SourceConfig(name="bench", path=str(folder / "{day}.csv.gz"))

    def load(self, day: date) -> None:
        with TemporaryDirectory(prefix="usage-bench-") as folder:
            source = open_source(self._source, Path(folder), self.run.warehouse.timezone)
            given = DayInput(source.name, source.read_day(day), source.inputs(day))
            load_day(self.run.warehouse, day, [given])

    def build(self, first: date, last: date, *, nothing: bool = False) -> Models:
        """Build what some days touch, or only start dbt; the seconds of each node."""
        arguments = build_arguments(first, last, last)
        # Each target folder remembers the variables of its last invocation: both see new ones.
        target = self._target / ("nothing" if nothing else "build")
        chosen = ["--select", "no_such_model"] if nothing else []
        project = str(project_directory())
        result = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", "--quiet", *arguments, *chosen,
                "--project-dir", project, "--profiles-dir", project,
                "--target-path", str(target), "--log-path", str(target),
            ],
            capture_output=True,
            text=True,
            env={**environ, **dbt_environment(self.run.warehouse, threads=2)},
            check=False,
        )  # fmt: skip
        if result.returncode != 0:
            sys.exit(result.stdout[-4000:] + result.stderr[-2000:])
        if nothing:
            return {}
        nodes = json.loads((target / "run_results.json").read_text())["results"]
        return {node["unique_id"]: node["execution_time"] for node in nodes}

    def retire(self, as_of: date) -> None:
        apply_retention(self.run.warehouse, self.settings, as_of)


def measure(config: GeneratorConfig, nights: int) -> Nights:
    """Build a history but for its last days, and time the nights of those."""
    days = config.days - nights
    result = Nights(days, config.executions_per_day)
    with bench() as run, TemporaryDirectory(prefix="usage-bench-") as name:
        folder = Path(name)
        write(config, folder)
        pipeline = Pipeline(run, folder)
        every = days_of(config)
        past, coming = every[:days], every[days:]
        for day in past:
            pipeline.load(day)
        with run.measured() as result.backfill:
            pipeline.build(past[0], past[-1])
        pipeline.retire(past[-1])
        pipeline.build(past[-1], past[-1], nothing=True)
        for day in coming:
            time_night(pipeline, day, result)
        with run.warehouse.connect() as connection:
            row = connection.execute("select count(*) from marts.user_workflow_stats").fetchone()
        result.pairs = row[0] if row else 0
    return result


def time_night(pipeline: Pipeline, day: date, result: Nights) -> None:
    pipeline.run.settle()
    with pipeline.run.measured() as cost:
        pipeline.load(day)
    result.costs["load"].append(cost)
    with pipeline.run.measured() as cost:
        pipeline.build(day, day, nothing=True)
    result.costs["dbt start"].append(cost)
    with pipeline.run.measured() as cost:
        models = pipeline.build(day, day)
    result.costs["dbt"].append(cost)
    result.models.append(models)
    with pipeline.run.measured() as cost:
        pipeline.retire(day)
    result.costs["retire"].append(cost)


def history(days: int, rows: int, users: int, workflows: int) -> GeneratorConfig:
    """The same users and workflows from the first day on, whatever the length and the rows."""
    last = FIRST_DAY + timedelta(days=days - 1)
    # A history that ends on the same weekday has the same nights to measure: Mon, Tue, Wed.
    first = FIRST_DAY - timedelta(days=(last.weekday() - 2) % 7)
    return GeneratorConfig(
        first_day=first,
        days=days,
        users=users,
        workflows=workflows,
        executions_per_day=rows,
        joining_share=0.0,
        abandoned_workflows=0,
        users_leaving=0,
        users_leaving_workflow=0,
    )


def print_nights(results: Sequence[Nights]) -> None:
    heads = (
        "history, days", "rows a day", "user-workflow pairs", "night, wall s", "night, CPU s", "x",
        "load", "dbt start", "marts", "retire", "all but dbt start", "x", "database", "x",
        "backfill, wall s",
    )  # fmt: skip
    print(f"\n| {' | '.join(heads)} |\n|" + "---:|" * len(heads))
    first = results[0]
    for each in results:
        load, start, dbt, retire = (
            each.cost(step) for step in ("load", "dbt start", "dbt", "retire")
        )
        database = each.database / first.database
        print(
            f"| {each.days} | {each.rows:,} | {each.pairs:,} | {each.wall:.1f} | {each.cpu:.1f} "
            f"| {each.cpu / first.cpu:.2f} | {load.cpu:.2f} | {start.cpu:.2f} "
            f"| {dbt.cpu - start.cpu:.2f} | {retire.cpu:.2f} | {each.beyond_start:.2f} "
            f"| {each.beyond_start / first.beyond_start:.2f} | {each.database:.2f} "
            f"| {database:.2f} | {each.backfill.wall:.0f} |"
        )


def print_models(results: Sequence[Nights], listed: int) -> None:
    """The nodes that grew most from the first size to the last."""
    first, last = results[0], results[-1]
    names = sorted(last.models[0], key=lambda name: first.model(name) - last.model(name))
    print("\n| grew most, s | " + " | ".join(f"{r.days} x {r.rows:,}" for r in results) + " |")
    print("|---|" + "---:|" * len(results))
    for name in names[:listed]:
        cells = " | ".join(f"{each.model(name):.2f}" for each in results)
        print(f"| {'.'.join(name.split('.')[2:])[:60]} | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--history", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000])
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--workflows", type=int, default=40)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--models", type=int, default=8, help="how many nodes to list")
    options = parser.parse_args()
    results = []
    for days in options.history:
        for rows in options.rows:
            config = history(days + options.nights, rows, options.users, options.workflows)
            results.append(measure(config, options.nights))
            print_nights(results)
    print_models(results, options.models)


if __name__ == "__main__":
    main()
