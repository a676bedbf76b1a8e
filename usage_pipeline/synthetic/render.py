"""Delivered rows as the bytes of a file: CSV, NDJSON or Parquet.

CSV and NDJSON are joined column by column in Arrow: no Python object is made per row.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from usage_pipeline.synthetic.columns import instant_text
from usage_pipeline.synthetic.delivery import Faults
from usage_pipeline.synthetic.generate import GENERATED_SCHEMA
from usage_pipeline.synthetic.model import DIRTY_KINDS, DirtyKind

FileFormat = Literal["csv.gz", "ndjson", "parquet"]

UNREADABLE_START = b"half past nine"
NOT_UTF8 = b"fa\xe7ade \xff not found"

# Bounds the memory of the joined text.
_ROWS_AT_ONCE = 131_072
# All other texts are ids and fixed words, which need neither quotes nor escapes.
_FREE_TEXTS = ("workflow_name", "error_message")
_NOTHING = pa.scalar(b"", pa.binary())


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
    if name == "error_message":
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
