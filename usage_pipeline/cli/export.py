"""`export`: a table of the marts as a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from usage_pipeline.cli.console import open_installation, parse_day, say


class FileFormat(StrEnum):
    """How an export is written."""

    PARQUET = "parquet"
    CSV = "csv"
    XLSX = "xlsx"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export)


def export(
    table: Annotated[str, typer.Argument(help="The table, such as popular_workflows.")],
    form: Annotated[
        FileFormat, typer.Option("--format", help="The format of the file.")
    ] = FileFormat.PARQUET,
    first: Annotated[
        str | None, typer.Option("--from", help="The first day, or as-of date, of the rows.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file. Unset: named like the table, here.")
    ] = None,
) -> None:
    """Write a table of marts or mining to a file for Excel, pandas, DuckDB and the like."""
    from usage_pipeline.warehouse.export import export as write

    _, warehouse = open_installation()
    path = out or Path(f"{table}.{form}")
    bounds = [None if each is None else parse_day(each) for each in (first, last)]
    count = write(warehouse, table, path, form.value, *bounds)
    say(f"{count:,} rows of {table} are in {path}.")
