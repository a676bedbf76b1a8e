"""The rows of a Parquet file, batch by batch, in the types they have there."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from usage_pipeline.errors import InputError
from usage_pipeline.identity import uuid_text
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.reading.streams import NESTED_MARK, InputStream, marked_text

_BATCH_ROWS = 65_536
_VALID_UTF8 = (
    r"^(?s:[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]"
    r"|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]"
    r"|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2})*\z"
)


def read_parquet(stream: InputStream) -> Iterator[RawRows]:
    """Read a Parquet file. Rows are numbered from 1.

    Raises:
        InputError: it is not Parquet, damaged, or unpacks to far more than its size.
    """
    try:
        stream.fingerprint()
        file = parquet.ParquetFile(stream.file)
        _check_sizes(stream, file.metadata)
        names = file.schema_arrow.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{stream.name} has two columns named {twice!r}: rename one.")
        yield RawRows(np.empty(0, np.int64), {name: pa.array([], pa.string()) for name in names})
        before = 0
        for batch in file.iter_batches(_BATCH_ROWS):
            numbers = np.arange(batch.num_rows, dtype=np.int64) + before + 1
            before += batch.num_rows
            columns = [simple_column(column) for column in batch.columns]
            yield RawRows(numbers, dict(zip(names, columns, strict=True)), marked=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise InputError(f"{stream.name} cannot be read as Parquet: {reason}.") from error


def _check_sizes(stream: InputStream, metadata: Any) -> None:
    groups = range(metadata.num_row_groups)
    unpacked = sum(metadata.row_group(group).total_byte_size for group in groups)
    if unpacked > max(64 << 20, stream.size * stream.limits.unpacked_ratio):
        raise InputError(
            f"{stream.name} unpacks to more than {stream.limits.unpacked_ratio} times its size."
        )


def simple_column(column: pa.Array) -> pa.Array:
    """A column as text, or as the number or time it is; what is nested becomes a mark."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return simple_column(column.storage)
    if pa.types.is_dictionary(kind):
        return simple_column(column.dictionary).take(column.indices)
    if pa.types.is_nested(kind):
        return _unreadable(column)
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16:
        return _uuids(column)
    if pa.types.is_floating(kind):
        return _number(column)
    if pa.types.is_decimal(kind) or _is_number_or_time(kind):
        return column
    return _text(column)


def _is_number_or_time(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_timestamp, pa.types.is_date)
    return any(test(kind) for test in tests)


def _unreadable(column: pa.Array) -> pa.Array:
    return pc.if_else(column.is_valid(), NESTED_MARK, pa.scalar(None, pa.string()))


def _number(column: pa.Array) -> pa.Array:
    # A column of whole numbers with gaps in it arrives here as floats, its gaps as NaN.
    number = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    try:
        return number.cast(pa.int64())
    except pa.ArrowInvalid:
        return number


def _uuids(column: pa.Array) -> pa.Array:
    filled = pc.fill_null(column, pa.scalar(bytes(16), column.type))
    packed = np.frombuffer(b"".join(filled.to_pylist()), np.uint8).reshape(-1, 16)
    return pc.if_else(column.is_valid(), uuid_text(packed), pa.scalar(None, pa.string()))


def _text(column: pa.Array) -> pa.Array:
    kind = column.type
    if not (pa.types.is_binary(kind) or pa.types.is_string(kind)):
        try:
            column = column.cast(pa.large_binary() if "large" in str(kind) else pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return _unreadable(column)
    try:
        text = column.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return _with_marks(column.cast(pa.binary()))
    return text


def _with_marks(column: pa.Array) -> pa.Array:
    valid = pc.match_substring_regex(column, pattern=_VALID_UTF8)
    wrong = pc.invert(pc.fill_null(valid, True))
    marked = [marked_text(each).encode() for each in pc.filter(column, wrong).to_pylist()]
    return pc.replace_with_mask(column, wrong, pa.array(marked, pa.binary())).cast(pa.string())
