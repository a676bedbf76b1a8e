"""`demo`, `run`, `backfill`: building the marts."""

import time
from datetime import date
from typing import Annotated

import typer

from usage_pipeline.cli.console import parse_day, parse_span, progress, say, say_error
from usage_pipeline.cli.opening import opened
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo")(demo)
    app.command("run")(run)
    app.command("backfill")(backfill)


def demo() -> None:
    """Make eight weeks of example executions, load them, build every mart, show a summary.

    Needs no data and no server of yours. Run it again and it builds what is not built yet, at
    least the last day.
    """
    from usage_pipeline.cli.demo import prepare_demo
    from usage_pipeline.cli.summary import show_summary

    started = time.monotonic()
    settings, warehouse = opened()
    with progress("Making example executions") as show:
        prepared = prepare_demo(settings, warehouse, on_line=show)
    say(f"Example executions: {prepared.files} days of files under {prepared.folder}.")
    build(settings, warehouse, prepared.first_day, prepared.last_day)
    show_summary(warehouse)
    say(f"\nDone in {time.monotonic() - started:.0f} s. Next:")
    say("  usage-pipeline up       the dashboard, the API, the web UI and the nightly schedule")
    say("  usage-pipeline psql     the marts in SQL: select * from marts.popular_workflows;")
    say("  usage-pipeline status   the days that are loaded")


def run(day: Annotated[str, typer.Argument(help="The day, like 2026-06-28.")]) -> None:
    """Run the nightly job for one day: load it from its sources, build its marts, check both.

    A day that was loaded by hand and that no configured source expects is not loaded again.
    """
    one = parse_day(day)
    settings, warehouse = opened()
    build(settings, warehouse, one, one)


def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="The first day.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="The last day.")],
) -> None:
    """Do what the nightly job does for all days from FROM to TO, in one run."""
    start, end = parse_span(first, last)
    settings, warehouse = opened()
    build(settings, warehouse, start, end)


def build(settings: Settings, warehouse: Warehouse, first: date, last: date) -> None:
    """Run the job of one night, or of a backfill, and say how it went.

    Raises:
        typer.Exit: with code 1 when a step or a blocking check failed.
    """
    from usage_pipeline.cli.launch import run_days
    from usage_pipeline.defs.jobs import BACKFILL, NIGHTLY

    started = time.monotonic()
    job = NIGHTLY if first == last else BACKFILL
    span = str(first) if first == last else f"{first} to {last}"
    with progress(f"Running the {job} job for {span}") as show:
        outcome = run_days(settings, warehouse, job, first, last, on_line=show)
    for warning in outcome.warnings:
        say(f"Warning: {warning}.")
    if not outcome.succeeded:
        for failure in outcome.failures:
            say_error(failure)
        say_error(f"Run {outcome.run_id} failed: details are in {settings.home / 'logs'}.")
        raise typer.Exit(1)
    days = (last - first).days + 1
    took = time.monotonic() - started
    say(f"Built {days} day{'' if days == 1 else 's'} ({span}) in {took:.1f} s.")
