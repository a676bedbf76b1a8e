"""Writes a generated history as files a source can read, with its ground truth beside them.

One file a day, named by the day, as CSV, NDJSON or Parquet. The same description gives the same
bytes. Only one day is held in memory, and late rows until their day. Text is joined column by
column in Arrow, which makes no Python object for a row.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from usage_pipeline.errors import UsageError
from usage_pipeline.synthetic.columns import instant_text
from usage_pipeline.synthetic.counting import TruthCounter
from usage_pipeline.synthetic.delivery import Delivery, Faults, deliver, with_late_rows
from usage_pipeline.synthetic.generate import GENERATED_SCHEMA, days_of, draw_day, to_table
from usage_pipeline.synthetic.model import DIRTY_KINDS, DirtyKind, GeneratorConfig
from usage_pipeline.synthetic.population import draw_population
from usage_pipeline.synthetic.truth import Truth

FileFormat = Literal["csv.gz", "ndjson", "parquet"]

LATE_FOLDER = "late"
UNREADABLE_START = b"half past nine"
NOT_UTF8 = b"fa\xe7ade \xff not found"
_DAY_FILES = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].*"
# 1 takes a third of the time of the usual 6, for files a tenth larger.
_GZIP_LEVEL = 1
# Bounds the memory of the joined text.
_ROWS_AT_ONCE = 131_072
# All other texts are ids and fixed words, which need neither quotes nor escapes.
_FREE_TEXTS = ("workflow_name", "error_message")
_NOTHING = pa.scalar(b"", pa.binary())


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """The files written, in numbers.

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


def kinds_of(file_format: FileFormat, kinds: tuple[DirtyKind, ...]) -> tuple[DirtyKind, ...]:
    """The faults that a file of this format can hold: a Parquet text is always UTF-8."""
    if file_format == "parquet":
        return tuple(kind for kind in kinds if kind != "not_utf8")
    return kinds


def csv_header() -> bytes:
    """The line that names the columns."""
    return ",".join(GENERATED_SCHEMA.names).encode() + b"\n"


def csv_lines(rows: pa.Table, faults: Faults) -> Iterator[bytes]:
    """The rows as CSV, some at a time; nothing between the commas where there is no value."""
    for part, part_faults in _parts(rows, faults):
        cells = [
            pc.fill_null(_cells(part, name, part_faults, _csv_text), b"")
            for name in part.schema.names
        ]
        cells[-1] = pc.binary_join_element_wise(cells[-1], b"\n", _NOTHING)
        yield _joined(cells, pa.scalar(b","))


def ndjson_lines(rows: pa.Table, faults: Faults) -> Iterator[bytes]:
    """The rows as NDJSON, some at a time; null where there is no value."""
    for part, part_faults in _parts(rows, faults):
        pieces: list[pa.Array | pa.Scalar] = []
        for name in part.schema.names:
            key = (b", " if pieces else b"{") + json.dumps(name).encode() + b": "
            cells = _cells(part, name, part_faults, _json_text)
            if not _is_number(part.schema.field(name).type):
                cells = pc.binary_join_element_wise(b'"', cells, b'"', _NOTHING)
            pieces += [pa.scalar(key), pc.fill_null(cells, b"null")]
        yield _joined([*pieces, pa.scalar(b"}\n")], _NOTHING)


def parquet_file(rows: pa.Table, faults: Faults) -> bytes:
    """The rows as a Parquet file with typed columns; an unreadable start is missing."""
    position = rows.schema.get_field_index("start_time")
    field = rows.schema.field(position)
    nothing = pa.scalar(None, field.type)
    starts = pc.if_else(_has(faults, "unreadable_start"), nothing, rows["start_time"])
    sink = pa.BufferOutputStream()
    pq.write_table(rows.set_column(position, field, starts), sink, compression="zstd")
    return bytes(sink.getvalue())


def _parts(rows: pa.Table, faults: Faults) -> Iterator[tuple[pa.Table, Faults]]:
    for begin in range(0, rows.num_rows, _ROWS_AT_ONCE):
        part = rows.slice(begin, _ROWS_AT_ONCE).combine_chunks()
        yield part, faults[begin : begin + _ROWS_AT_ONCE]


def _cells(part: pa.Table, name: str, faults: Faults, quoted: Callable[[str], str]) -> pa.Array:
    """One column as bytes, null where there is no value."""
    column = part[name].chunk(0)
    if pa.types.is_timestamp(column.type):
        text = pc.cast(instant_text(column), pa.binary())
    elif name in _FREE_TEXTS:
        words = column.dictionary_encode()
        known = [quoted(word).encode() for word in words.dictionary.to_pylist()]
        text = pa.array(known, pa.binary()).take(words.indices)
    else:
        text = pc.cast(pc.cast(column, pa.string()), pa.binary())
    if name == "start_time":
        text = pc.if_else(_has(faults, "unreadable_start"), UNREADABLE_START, text)
    if name == "workflow_name":
        text = pc.if_else(_has(faults, "not_utf8"), NOT_UTF8, text)
    return text


def _joined(pieces: list[pa.Array | pa.Scalar], separator: pa.Scalar) -> bytes:
    """All pieces of the first row, then of the next, and so on."""
    lines = pc.binary_join_element_wise(*pieces, separator)
    # The values of an Arrow binary array lie one after the other: they are the text.
    offsets, values = lines.buffers()[1:]
    if lines.offset or offsets is None or values is None:
        return b"".join(lines.to_pylist())
    return bytes(values)


def _csv_text(text: str) -> str:
    if re.search('[",\r\n]', text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _has(faults: Faults, kind: DirtyKind) -> pa.Array:
    return pa.array(faults == DIRTY_KINDS.index(kind))
