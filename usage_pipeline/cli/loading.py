"""`load`: executions from files into the warehouse."""

from pathlib import Path
from typing import Annotated, cast

import typer

from usage_pipeline.cli.console import parse_day, parse_span, progress, say
from usage_pipeline.cli.opening import opened
from usage_pipeline.errors import WrongUsageError


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("load")(load)


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
) -> None:
    """Load executions: every day found in the input, or those of --from and --to.

    Loading a day again replaces what the same source said of it. Rows that cannot be loaded are
    kept in raw.rejected_executions with the reason. Build the marts afterwards with run or
    backfill.
    """
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
    settings, warehouse = opened()
    for config in configs:
        days = read = loaded = rejected = duplicates = 0
        span: list[str] = []
        warnings: dict[str, None] = {}
        with progress(f"Loading {config.name}") as show:
            for result in load_inputs(
                warehouse, settings, config, start, end, empty_days=empty_days
            ):
                show(str(result))
                days += 1
                read += result.read
                loaded += result.loaded
                rejected += result.rejected
                duplicates += result.duplicates
                warnings |= dict.fromkeys(result.warnings)
                span = [*span[:1], result.day.isoformat()]
        for warning in warnings:
            say(f"Warning: {warning}")
        say(
            f"{config.name}: {days} day{'' if days == 1 else 's'} ({span[0]} to {span[-1]}); "
            f"{read:,} rows read = {loaded:,} loaded + {rejected:,} rejected + "
            f"{duplicates:,} duplicates."
        )
