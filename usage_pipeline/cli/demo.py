"""The demo: example executions in files, declared as a source like any other.

It generates and declares; loading and building are the nightly job's.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import yaml

from usage_pipeline.errors import UsageError
from usage_pipeline.execution_dates import days_between
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import Settings
from usage_pipeline.synthetic.model import DEMO, GeneratorConfig
from usage_pipeline.synthetic.truth import TRUTH_FILE, Truth
from usage_pipeline.synthetic.write import FileFormat, write
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.tracked import TRACKED
from usage_pipeline.warehouse.ledger import day_states

_SOURCE = "demo"


@dataclass(frozen=True)
class DemoFiles:
    """The demo's files.

    Attributes:
        folder: where they are.
        days: how many days there are, each with a file.
        first_day: the first day that the marts do not count yet; the last day if there is none.
        last_day: the last day.
    """

    folder: Path
    days: int
    first_day: date
    last_day: date


def prepare_demo(
    settings: Settings, warehouse: Warehouse, last_day: date, on_line: Callable[[str], None]
) -> DemoFiles:
    """Write the demo's files and declare them as the source `demo`.

    Files of an earlier demo stay as they are: their days are loaded, and may be retired already.

    Args:
        settings: where the home is.
        warehouse: what holds nothing but a demo.
        last_day: the last day of a demo that is made now.
        on_line: told of each day that is written.

    Raises:
        UsageError: this warehouse is in use for other executions.
    """
    folder = settings.home / "demo"
    truth = folder / TRUTH_FILE
    if truth.exists():
        config = Truth.read(folder).config
    else:
        config = replace(DEMO, first_day=last_day - timedelta(days=DEMO.days - 1))
    _refuse_other_executions(settings, warehouse, config.first_day)
    if not truth.exists():
        write(config, folder, on_day=lambda day, rows: on_line(f"{day}: {counted(rows, 'row')}"))
    files = [folder / f"{day}.csv.gz" for day in days_between(config.first_day, config.last_day)]
    declaration = [
        {
            "name": _SOURCE,
            "path": "demo/{day}.csv.gz",
            "since": config.first_day,
            "until": config.last_day,
        }
    ]
    (settings.home / "sources.yaml").write_text(yaml.safe_dump(declaration, sort_keys=False))
    unbuilt = _unbuilt_days(warehouse, files)
    first_unbuilt = min(unbuilt, default=config.last_day)
    return DemoFiles(folder, len(files), first_unbuilt, config.last_day)


def _unbuilt_days(warehouse: Warehouse, files: list[Path]) -> list[date]:
    """The days of files that are not loaded from these very bytes, or not counted by the marts."""
    with warehouse.connect() as connection:
        states = {state.day: state for state in day_states(connection)}
        rows = connection.execute(
            "select execution_date, inputs -> 0 ->> 'sha256' from raw.load_ledger "
            "where source = %s",
            [_SOURCE],
        ).fetchall()
    hashes: dict[date, str] = dict(rows)
    in_marts = {day for day, state in states.items() if state.is_rolled_up}
    days = {date.fromisoformat(file.name.removesuffix(".csv.gz")): file for file in files}
    return [
        day
        for day, file in days.items()
        if day not in in_marts or hashes.get(day) != hashlib.sha256(file.read_bytes()).hexdigest()
    ]


def generate_into(
    folder: Path, config: GeneratorConfig, file_format: str, on_line: Callable[[str], None]
) -> tuple[int, int]:
    """Write a generated history and its ground truth; return its files and rows.

    Raises:
        UsageError: the format is unknown, or the folder cannot be written to.
    """
    formats: dict[str, FileFormat] = {"csv.gz": "csv.gz", "ndjson": "ndjson", "parquet": "parquet"}
    if file_format not in formats:
        raise UsageError(f"{file_format!r} is not a format: use {', '.join(formats)}.")
    summary = write(
        config,
        folder,
        file_format=formats[file_format],
        on_day=lambda day, rows: on_line(f"{day}: {counted(rows, 'row')}"),
    )
    return len(summary.files), summary.rows


def _refuse_other_executions(settings: Settings, warehouse: Warehouse, first_day: date) -> None:
    with warehouse.connect() as connection:
        row = connection.execute(
            "select string_agg(distinct source, ', ') from raw.load_ledger where source <> all(%s)",
            [[_SOURCE, TRACKED]],
        ).fetchone()
    if row is not None and row[0] is not None:
        raise UsageError(
            f"This warehouse holds executions of {row[0]}: run the demo in a home of its own, with "
            "USAGE_HOME=.usage-demo (and without USAGE_DATABASE_URL)."
        )
    if settings.start_date > first_day:
        raise UsageError(
            f"The demo starts on {first_day}, before USAGE_START_DATE "
            f"({settings.start_date}): unset that."
        )
    sources = settings.home / "sources.yaml"
    if sources.exists() and f"name: {_SOURCE}\n" not in sources.read_text():
        raise UsageError(
            f"{sources} declares sources of your own: run the demo in a home of its own, with "
            "USAGE_HOME=.usage-demo."
        )
