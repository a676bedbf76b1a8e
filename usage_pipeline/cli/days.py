"""`demo`, `load`, `run`, `backfill`: days into the warehouse, and their marts."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from usage_pipeline.cli.console import (
    open_installation,
    parse_day,
    parse_span,
    progress,
    say,
    say_error,
)
from usage_pipeline.errors import WrongUsageError
from usage_pipeline.execution_dates import last_complete_day
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from usage_pipeline.steps.day_counts import Loaded

_ROWS: Final = ("read", "loaded", "rejected", "duplicates")
_FURTHER: Final = ("kept", "late", "corrected", "conflicts")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo")(demo)
    app.command("load")(load)
    app.command("run")(run)
    app.command("backfill")(backfill)


def demo() -> None:
    """Make eight weeks of example executions, load them, build every mart, show a summary.

    The eight weeks end yesterday; a demo that was made earlier keeps its days. It needs no data
    and no server of yours. Run it again and it builds what is not built yet, at least the last day.
    """
    from usage_pipeline.cli.demo import prepare_demo
    from usage_pipeline.cli.summary import show_summary

    start = time.monotonic()
    settings, warehouse = open_installation()
    yesterday = last_complete_day(datetime.now(UTC), settings.timezone)
    with progress("Making example executions") as show:
        files = prepare_demo(settings, warehouse, yesterday, on_line=show)
    say(f"Example executions: {counted(files.days, 'day')} of files under {files.folder}.")
    build(settings, warehouse, files.first_day, files.last_day)
    show_summary(warehouse)
    say(f"\nDone in {time.monotonic() - start:.0f} s. Next:")
    say("  usage-pipeline up       the dashboard, the API, the web UI and the nightly schedule")
    say("  usage-pipeline psql     the marts in SQL: select * from marts.popular_workflows;")
    say("  usage-pipeline status   the days that are loaded")


def run(day: Annotated[str, typer.Argument(help="The day, like 2026-06-28.")]) -> None:
    """Run the nightly job for one day: load it from its sources, build its marts, check both.

    A day that was loaded by hand and that no configured source expects is not loaded again.
    """
    one = parse_day(day)
    settings, warehouse = open_installation()
    build(settings, warehouse, one, one)


def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="The first day.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="The last day.")],
) -> None:
    """Do what the nightly job does for all days from FROM to TO, in one run."""
    start, end = parse_span(first, last)
    settings, warehouse = open_installation()
    build(settings, warehouse, start, end)


def build(
    settings: Settings, warehouse: Warehouse, first: date, last: date, *, only_build: bool = False
) -> None:
    """Run the job of one night, or of a backfill, and say how it went.

    Args:
        settings: the settings.
        warehouse: the warehouse.
        first: the first day.
        last: the last day.
        only_build: build the days as they are loaded; no source is asked.

    Raises:
        typer.Exit: with code 1 when a step or a blocking check failed.
    """
    from usage_pipeline.cli.launch import run_days
    from usage_pipeline.defs.schedules import BACKFILL, NIGHTLY

    start = time.monotonic()
    job = NIGHTLY if first == last else BACKFILL
    span = str(first) if first == last else f"{first} to {last}"
    with progress(f"Running the {job} job for {span}") as show:
        outcome = run_days(
            settings, warehouse, job, first, last, on_line=show, only_build=only_build
        )
    for warning in outcome.warnings:
        say(f"Warning: {warning}")
    if not outcome.succeeded:
        for failure in outcome.failures:
            say_error(failure)
        say_error(f"Run {outcome.run_id} failed: details are in {settings.logs}.")
        raise typer.Exit(1)
    days = (last - first).days + 1
    seconds = time.monotonic() - start
    say(f"Built {counted(days, 'day')} ({span}) in {seconds:.1f} s.")


def load(
    files: Annotated[
        str | None,
        typer.Option(help="A file, folder, glob or URL of CSV, NDJSON or Parquet, also .gz."),
    ] = None,
    github_export: Annotated[
        str | None,
        typer.Option(help="GitHub's 'list workflow runs' JSON: a file, folder or glob."),
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(help="A YAML or TOML file that declares sources; all are loaded.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The source's name; loading a day again replaces what it said."),
    ] = None,
    default_user: Annotated[
        str | None, typer.Option(help="The user of executions that name none.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first day to load.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day to load.")] = None,
    empty_days: Annotated[
        bool,
        typer.Option(
            "--empty-days",
            help="The input is all there is: load days of the span without rows as empty days.",
        ),
    ] = False,
    replace_retired: Annotated[
        bool,
        typer.Option(
            "--replace-retired",
            help="Count retired days anew even from an input that lacks some of their executions.",
        ),
    ] = False,
) -> None:
    """Load executions: every day found in the input, or those of --from and --to.

    Loading a day again replaces what the same source said of it; of a source that delivers changes
    it adds and updates. Rows that cannot be loaded are kept in raw.rejected_executions with the
    reason. Build the marts afterwards with run or backfill.
    """
    from usage_pipeline.orchestration.first_day import keep_first_day
    from usage_pipeline.sources.config import files_source, github_source, read_sources_file
    from usage_pipeline.steps.load import load_inputs

    if first and last:
        parse_span(first, last)
    start, end = parse_day(first) if first else None, parse_day(last) if last else None
    if [files, github_export, sources].count(None) != 2:
        raise WrongUsageError("Give one of --files, --github-export and --sources.")
    if sources and (name or default_user):
        raise WrongUsageError(f"Write --name and --default-user into {sources}: it names both.")
    if files:
        configs = [files_source([files], name=name or "files", default_user=default_user)]
    elif github_export:
        configs = [github_source([github_export], name=name or "github", default_user=default_user)]
    else:
        configs = read_sources_file(cast(Path, sources))
    settings, warehouse = open_installation()
    for config in configs:
        results = load_inputs(
            warehouse,
            settings,
            config,
            start,
            end,
            empty_days=empty_days,
            replace_retired=replace_retired,
        )
        show_loads(config.name, results)
    keep_first_day(settings, warehouse)


def show_loads(name: str, results: "Iterable[Loaded]") -> None:
    """Load the days of one source, at least one, and say where its rows went."""
    from usage_pipeline.steps.day_counts import count_of_rows

    totals: Counter[str] = Counter()
    days: list[date] = []
    changed_days: set[date] = set()
    warnings: dict[str, None] = {}
    with progress(f"Loading {name}") as show:
        for result in results:
            show(str(result))
            totals.update({count: getattr(result, count) for count in (*_ROWS, *_FURTHER)})
            days.append(result.day)
            changed_days.update(result.changed_days)
            warnings |= dict.fromkeys(result.warnings)
    for warning in warnings:
        say(f"Warning: {warning}")
    parts = [count_of_rows(totals[count], count) for count in _ROWS[1:]]
    further = "".join(
        f"; {count_of_rows(totals[count], count)}" for count in _FURTHER if totals[count]
    )
    say(
        f"{name}: {counted(len(days), 'day')} ({days[0]} to {days[-1]}); "
        f"{counted(totals['read'], 'row')} read = {' + '.join(parts)}{further}."
    )
    if changed_days:
        say(
            f"{name}: copies of the same executions changed other days too: "
            f"{', '.join(map(str, sorted(changed_days)))}. Build these as well."
        )
