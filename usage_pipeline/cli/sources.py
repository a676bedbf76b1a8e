"""`sources add`, `check`, `backfill`, and `reconcile`: the declared sources and what they give."""

import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from usage_pipeline.cli.console import (
    open_installation,
    parse_day,
    parse_span,
    say,
    say_error,
    say_table,
)
from usage_pipeline.errors import InputError, WrongUsageError
from usage_pipeline.execution_dates import last_complete_day
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.terms import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from usage_pipeline.sources.config import SourceConfig
    from usage_pipeline.sources.preview import Preview
    from usage_pipeline.steps.reconcile import Reconciliation

_DAYS: Final = 7
_DIFFERENCES: Final = 20
_HEADERS: Final = ("user", "workflow", "start", "end", "status", "trigger", "id")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Declare sources and look at them.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("add")(add)
    group.command("check")(check)
    group.command("backfill")(backfill)
    app.add_typer(group, name="sources")
    app.command("reconcile")(reconcile)


def add(
    kind: Annotated[
        str,
        typer.Argument(help="github_actions, airflow, prefect, dagster, n8n, sql or files."),
    ],
    name: Annotated[str | None, typer.Option(help="The source's name. Unset: the kind.")] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Answer a question beforehand; may be repeated."
        ),
    ] = None,
) -> None:
    """Ask for what a source needs and declare it in the sources file.

    Secrets stay in the environment: the file holds the names of variables.
    """
    from usage_pipeline.sources.adding import QUESTIONS, declaration
    from usage_pipeline.sources.adding import add as add_declaration

    if kind not in QUESTIONS:
        raise WrongUsageError(f"{kind!r} is no kind of source: it is {', '.join(QUESTIONS)}.")
    answers = {}
    for each in answer or ():
        key, is_set, value = each.partition("=")
        if not is_set:
            raise WrongUsageError(f"--set {each} sets nothing: write --set key=value.")
        answers[key] = value
    for question in QUESTIONS[kind]:
        if question.key not in answers:
            answers[question.key] = typer.prompt(question.text, default=question.default, err=True)
    path = read_settings().sources_path
    declared = declaration(kind, name or kind, answers)
    add_declaration(path, declared)
    say(f"{declared['name']} is declared in {path}.")
    say(f"See what it gives: usage-pipeline sources check {declared['name']}")


def check(
    name: Annotated[
        str | None, typer.Argument(help="The source's name. Unset: all that are declared.")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(help="Read this day. Unset: the newest of the last seven days with rows."),
    ] = None,
) -> None:
    """Read from each declared source and show what would be loaded; nothing is.

    It shows five rows as they would be loaded, and the rows that would be rejected with the reason.
    The warehouse is not needed for it.
    """
    settings = read_settings()
    configs = _declared(settings, name)
    last = parse_day(day) if day else last_complete_day(datetime.now(UTC), settings.timezone)
    first = last if day else last - timedelta(days=_DAYS - 1)
    failures = [config.name for config in configs if not _is_shown(settings, config, first, last)]
    if failures:
        raise typer.Exit(InputError.exit_code)


def backfill(
    name: Annotated[str, typer.Argument(help="The source's name.")],
    first: Annotated[str, typer.Argument(metavar="FROM", help="The first day.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="The last day, which is over.")],
) -> None:
    """Load the history of a declared system and build the marts of its days.

    It asks for a week at a time and leaves out days that were loaded from the system before, so
    that it goes on where an interrupted call ended.
    """
    from usage_pipeline.cli.days import build, show_loads
    from usage_pipeline.orchestration.first_day import keep_first_day
    from usage_pipeline.steps.history import read_history, unread_days

    start, end = parse_span(first, last)
    settings, warehouse = open_installation()
    (config,) = _declared(settings, name)
    days = unread_days(warehouse, settings, config, start, end)
    if days:
        show_loads(name, read_history(warehouse, settings, config, days))
        keep_first_day(settings, warehouse)
    else:
        say(f"{name}: every day from {start} to {end} is loaded already.")
    build(settings, warehouse, start, end, only_build=True)


def reconcile(
    day: Annotated[
        str | None, typer.Argument(help="The day. Unset: the last one that is complete.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The source's name. Unset: all that are declared.")
    ] = None,
) -> None:
    """Ask the declared sources for a day again and show it beside what is loaded.

    It counts executions by status there and here, and lists those that differ. Exit code 1: a
    source differs. A day can be reconciled until it is retired.
    """
    from usage_pipeline.steps.reconcile import reconcile as reconcile_source

    settings, warehouse = open_installation()
    one = parse_day(day) if day else last_complete_day(datetime.now(UTC), settings.timezone)
    same = True
    for config in _declared(settings, name):
        if not config.expects(one):
            continue
        try:
            compared = reconcile_source(warehouse, settings, config, one)
        except InputError as error:
            say_error(str(error))
            same = False
            continue
        same = _show_compared(compared) and same
    if not same:
        raise typer.Exit(1)


def _show_compared(compared: "Reconciliation") -> bool:
    """Show a day there and here; return whether it is the same."""
    counts, differing = compared.counts, compared.differing
    say(str(compared))
    rows = [(status, *counts.loc[status]) for status in counts.index if counts.loc[status].any()]
    if rows:
        say_table("Executions", ("status", "there", "here"), rows, right=(1, 2))
    for each in differing.head(_DIFFERENCES).itertuples():
        there, here = (text if isinstance(text, str) else "nothing" for text in each[3:5])
        elsewhere = f", counted on {each.counted_on}" if isinstance(each.counted_on, date) else ""
        say(f"  {each.source_id} (attempt {each.attempt}): there {there}, here {here}{elsewhere}")
    if len(differing) > _DIFFERENCES:
        say(f"  and {len(differing) - _DIFFERENCES:,} more")
    if compared.elsewhere:
        say(f"  {compared.elsewhere:,} counted on the day of an earlier start.")
    if compared.kept:
        say(f"  {compared.kept:,} here that the source no longer tells: they stay.")
    if compared.rejected:
        say(f"  {counted(compared.rejected, 'row')} there cannot be loaded.")
    return differing.empty


def _declared(settings: Settings, name: str | None) -> "list[SourceConfig]":
    """The declared sources, or the one of a name.

    Raises:
        WrongUsageError: there is none.
    """
    from usage_pipeline.sources.declared import DeclaredSources

    declared = DeclaredSources.read(settings.sources_path)
    configs = [config for config in declared.configs if name in (None, config.name)]
    if not configs:
        there = ", ".join(config.name for config in declared.configs)
        raise WrongUsageError(
            f"{settings.sources_path} declares no source"
            + (f" {name!r}: it declares {there}." if name and there else ".")
        )
    return configs


def _is_shown(settings: Settings, config: "SourceConfig", first: date, last: date) -> bool:
    """Show a source, or say why it cannot be read; one that cannot holds up no other."""
    from usage_pipeline.sources.preview import preview
    from usage_pipeline.sources.reading.spool import open_source, spool_folder

    try:
        with spool_folder(settings.home) as folder:
            source = open_source(
                config,
                folder,
                settings.timezone,
                first=first,
                last=last,
                latest=datetime.now(UTC) + CLOCK_TOLERANCE,
                limits=settings.limits,
                environment=os.environ,
            )
            _show(config.name, preview(source, first, last), first, last)
    except InputError as error:
        say_error(str(error))
        return False
    return True


def _show(name: str, shown: "Preview", first: date, last: date) -> None:
    if not shown.accepted and not shown.rejected:
        say(f"{name}: it can be read, and has nothing from {first} to {last}.")
        return
    days = f"{shown.days[-1]} to {shown.days[0]}" if len(shown.days) > 1 else str(shown.days[0])
    say(
        f"{name}: {days}: {counted(shown.accepted, 'row')} would be loaded, {shown.rejected:,} "
        "rejected."
    )
    rows = [
        (
            row["source_user_id"],
            row["workflow_name"] or row["source_workflow_id"],
            _time(row["start_time"]),
            _time(row["end_time"]),
            row["status"],
            row["trigger_type"],
            row["source_id"],
        )
        for row in shown.executions
    ]
    if rows:
        say_table("As they would be loaded", _HEADERS, rows)
    for row in shown.rejections:
        say(f"Rejected: {row['location']}: {row['reason']}")
    for warning in shown.warnings:
        say(f"Warning: {warning}")


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%d %H:%M:%S}"
