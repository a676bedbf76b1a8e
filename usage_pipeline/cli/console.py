"""Shared by all commands: opening the installation, reading days, and how they talk.

Results go to stdout, progress and errors to stderr.
On a terminal progress is a display that goes away; elsewhere it is plain lines.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Protocol

import typer
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from usage_pipeline.errors import WrongUsageError
from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.migrate import open_current_warehouse


class Progress(Protocol):
    """Takes one line at a time."""

    def __call__(self, line: str) -> None:
        """Show a line."""


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show the lines of a long piece of work while it goes on."""
    # A copy of the descriptor: runs send this process's own stderr to a log file.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as stream:
        console = Console(file=stream, highlight=False, soft_wrap=True)
        if not console.is_terminal:
            console.print(f"{title} ...", markup=False)
            yield lambda line: console.print(f"  {line}", markup=False)
            return
        spinner = Spinner("dots", title)
        # Not `console.status`: that would show what goes to a run's log file, too.
        with Live(
            spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        ):
            yield lambda line: spinner.update(text=f"{title}: {_escaped(line)}")


def say(text: str) -> None:
    """Print one line of result."""
    typer.echo(text)


def say_error(text: str) -> None:
    """Print one sentence about what went wrong and what to do."""
    typer.echo(f"Error: {text}", err=True)


def say_table(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()
) -> None:
    """Print a table; columns whose positions are in `right` hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for position, header in enumerate(headers):
        table.add_column(header, justify="right" if position in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_escaped(_cell(value)) for value in row))
    width = None if sys.stdout.isatty() else 120
    Console(highlight=False, width=width).print(table)


def parse_day(text: str) -> date:
    """Read a day as the user types it.

    Raises:
        WrongUsageError: it is not a date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsageError(f"{text!r} is not a day: write it like 2026-06-28.") from None


def parse_span(first: str, last: str) -> tuple[date, date]:
    """Read the first and the last day of a span.

    Raises:
        WrongUsageError: one is not a date, or they are the wrong way round.
    """
    start, end = parse_day(first), parse_day(last)
    if start > end:
        raise WrongUsageError(f"The first day {start} comes after the last day {end}: swap them.")
    return start, end


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def open_installation() -> tuple[Settings, Warehouse]:
    """The settings and the warehouse, with its server running and its schema current."""
    settings = read_settings()
    return settings, open_current_warehouse(settings)
