"""Writes a generated history as files a source can read, with its ground truth beside them.

One file a day, named by the day. The same description gives the same bytes. Only one day is
held in memory, and late rows until their day.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from usage_pipeline.errors import UsageError
from usage_pipeline.synthetic.counting import TruthCounter
from usage_pipeline.synthetic.delivery import Delivery, deliver, with_late_rows
from usage_pipeline.synthetic.generate import days_of, draw_day, to_table
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.population import draw_population
from usage_pipeline.synthetic.render import (
    FileFormat,
    csv_header,
    csv_lines,
    kinds_of,
    ndjson_lines,
    parquet_file,
)
from usage_pipeline.synthetic.truth import Truth

LATE_FOLDER = "late"
_DAY_FILES = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].*"
# 1 takes a third of the time of the usual 6, for files a tenth larger.
_GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """What was written.

    Attributes:
        files: the files of executions, in order of their days; late ones after all others.
        truth_path: the file of the ground truth.
        truth: what it holds.
        executions: how many executions there are.
        rows: how many rows all files hold.
        size_bytes: the size of the files of executions.
    """

    files: tuple[Path, ...]
    truth_path: Path
    truth: Truth
    executions: int
    rows: int
    size_bytes: int


def write(
    config: GeneratorConfig,
    folder: Path,
    *,
    file_format: FileFormat = "csv.gz",
    on_day: Callable[[date, int], None] | None = None,
) -> WriteSummary:
    """Write all days of a history into a folder, which is made if it is not there.

    Args:
        config: the history.
        folder: where `YYYY-MM-DD.<format>` and `truth.json` go.
        file_format: `csv.gz`, `ndjson` or `parquet`.
        on_day: told each day and the rows of its file, once they are written.

    Raises:
        UsageError: the folder cannot be written to or holds days of another history, or the
            habits do not fit into the history.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(config, folder, file_format)
        return _write_days(config, folder, file_format, on_day or _nobody_told)
    except OSError as error:
        message = f"Cannot write to {folder}: {error.strerror}. Choose another folder."
        raise UsageError(message) from error


def _make_room(config: GeneratorConfig, folder: Path, file_format: FileFormat) -> None:
    """See that no other day's file stays beside the ones to come: it would be loaded too."""
    names = {f"{day}.{file_format}" for day in days_of(config)}
    late = sorted((folder / LATE_FOLDER).glob(_DAY_FILES))
    others = [path for path in folder.glob(_DAY_FILES) if path.name not in names]
    if config.late_share > 0 and config.late_into == "late_folder":
        others += [path for path in late if path.name not in names]
    else:
        others += late
    if others:
        raise UsageError(
            f"{folder} holds other days already, such as {min(others).name}: choose another "
            "folder or delete them first."
        )
    for path in late:
        path.unlink()


def _write_days(
    config: GeneratorConfig,
    folder: Path,
    file_format: FileFormat,
    on_day: Callable[[date, int], None],
) -> WriteSummary:
    population = draw_population(config)
    counter = TruthCounter(population)
    kinds = kinds_of(file_format, config.dirty_kinds)
    files, late_files = [], []
    waiting: dict[date, list[pa.Table]] = {}
    for day in days_of(config):
        generated = draw_day(population, day)
        delivery = deliver(config, day, to_table(population, generated), kinds)
        for later, rows in delivery.later.items():
            waiting.setdefault(later, []).append(rows)
        late = waiting.pop(day, [])
        delivery.counts.late_rows = sum(rows.num_rows for rows in late)
        delivery.counts.rows += delivery.counts.late_rows
        path = folder / f"{day}.{file_format}"
        if late and config.late_into == "late_folder":
            late_path = folder / LATE_FOLDER / path.name
            late_path.parent.mkdir(exist_ok=True)
            late_files.append(late_path)
            _write_file(late_path, file_format, with_late_rows(_nothing_of(delivery), late))
        elif late:
            delivery = with_late_rows(delivery, late)
        _write_file(path, file_format, delivery)
        files.append(path)
        counter.add(generated, delivery.counts)
        on_day(day, delivery.rows.num_rows)
    truth = counter.truth()
    written = (*files, *late_files)
    return WriteSummary(
        files=written,
        truth_path=truth.write(folder),
        truth=truth,
        executions=truth.executions,
        rows=sum(day.rows for day in truth.days),
        size_bytes=sum(path.stat().st_size for path in written),
    )


def _write_file(path: Path, file_format: FileFormat, delivery: Delivery) -> None:
    rows, faults = delivery.rows, delivery.faults
    if file_format == "parquet":
        path.write_bytes(parquet_file(rows, faults))
    elif file_format == "ndjson":
        with path.open("wb") as file:
            file.writelines(ndjson_lines(rows, faults))
    else:
        # No name and no time of writing in the header: the same rows give the same bytes.
        with (
            path.open("wb") as file,
            gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed,
        ):
            packed.write(csv_header())
            packed.writelines(csv_lines(rows, faults))


def _nothing_of(delivery: Delivery) -> Delivery:
    return Delivery(delivery.rows.slice(0, 0), delivery.faults[:0], {}, delivery.counts)


def _nobody_told(day: date, rows: int) -> None:
    del day, rows
