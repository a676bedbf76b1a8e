"""Columns as the rows of PostgreSQL's binary COPY format, column by column and never row by row.

The server takes these in a third of the time of CSV: nothing is parsed. A type that is not here is
for CSV to carry.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"

_MICROSECONDS_TO_2000: Final = 946_684_800_000_000
_DAYS_TO_2000: Final = 10_957
_NOTHING: Final = pa.scalar(b"", pa.binary())
_UUID_TEXT: Final = 36
_JSONB_VERSION: Final = pa.scalar(b"\x01", pa.binary())
_OIDS: Final = {"uuid": 2950, "integer": 23, "smallint": 21}

_Bytes = npt.NDArray[np.uint8]


def can_write(schema: pa.Schema, types: Mapping[str, str]) -> bool:
    """Whether every column can be written as the type its column of the table has."""
    return all((types.get(field.name, ""), str(field.type)) in _WRITERS for field in schema)


def rows(table: pa.Table, types: Mapping[str, str]) -> pa.Buffer:
    """The rows of a table; `HEADER` goes before the first and `TRAILER` after the last.

    Args:
        table: columns for which `can_write` holds; no more text than an Arrow array can hold.
        types: the type of each column's namesake in the database.
    """
    count = table.num_rows
    pieces = [_repeated(np.array([table.num_columns], ">i2"), count)]
    for field in table.schema:
        column = table[field.name].combine_chunks()
        values = _WRITERS[types[field.name], str(field.type)](column)
        pieces += [_lengths(values), pc.fill_null(values, _NOTHING)]
    joined = pc.binary_join_element_wise(*pieces, _NOTHING)
    # The values of an Arrow binary array lie one after the other: they are the rows.
    offsets = np.frombuffer(joined.buffers()[1], np.int32)
    start, end = int(offsets[joined.offset]), int(offsets[joined.offset + count])
    return joined.buffers()[2].slice(start, end - start)


def _lengths(values: pa.Array) -> pa.Array:
    """The length of each value, or -1 for a null, in four bytes."""
    sizes = pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False)
    return _fixed(sizes.astype(">i4").view(np.uint8).reshape(-1, 4))


def _repeated(value: npt.NDArray[np.generic], count: int) -> pa.Array:
    return _fixed(np.broadcast_to(value.view(np.uint8), (count, value.nbytes)))


def _fixed(cells: _Bytes, like: pa.Array | None = None) -> pa.Array:
    """The lines of a matrix of bytes as values, null where `like` is."""
    count, width = cells.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    valid = None
    if like is not None and like.null_count:
        bits = np.packbits(like.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
        valid = pa.py_buffer(bits)
    data = pa.py_buffer(np.ascontiguousarray(cells))
    return pa.Array.from_buffers(pa.binary(), count, [valid, pa.py_buffer(offsets), data])


def _numbers(column: pa.Array, kind: str) -> pa.Array:
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    width = np.dtype(kind).itemsize
    return _fixed(values.astype(kind).view(np.uint8).reshape(len(column), width), column)


def _integer(column: pa.Array) -> pa.Array:
    return _numbers(column.cast(pa.int32()), ">i4")


def _bigint(column: pa.Array) -> pa.Array:
    return _numbers(column.cast(pa.int64()), ">i8")


def _smallint(column: pa.Array) -> pa.Array:
    return _numbers(column.cast(pa.int16()), ">i2")


def _double(column: pa.Array) -> pa.Array:
    return _numbers(column.cast(pa.float64()), ">f8")


def _instant(column: pa.Array) -> pa.Array:
    return _numbers(pc.subtract(column.cast(pa.int64()), _MICROSECONDS_TO_2000), ">i8")


def _date(column: pa.Array) -> pa.Array:
    return _numbers(pc.subtract(column.cast(pa.int32()), _DAYS_TO_2000), ">i4")


def _text(column: pa.Array) -> pa.Array:
    return column.cast(pa.binary())


def _jsonb(column: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_JSONB_VERSION, column.cast(pa.binary()), _NOTHING)


def _uuid(column: pa.Array) -> pa.Array:
    text = pc.fill_null(column, "0" * 8 + "-0000" * 3 + "-" + "0" * 12)
    if pc.any(pc.not_equal(pc.binary_length(text), _UUID_TEXT)).as_py():
        raise ValueError("a UUID is not written in 36 characters")
    if len(text) == 0:
        return pa.array([], pa.binary())
    data = text.buffers()[2]
    digits = np.frombuffer(data, np.uint8, len(text) * _UUID_TEXT, _start(text))
    halves = _HALVES[digits.reshape(-1, _UUID_TEXT)[:, _DIGIT_PLACES]]
    if (halves > 15).any():
        raise ValueError("a UUID has a character that is no hexadecimal digit")
    return _fixed((halves[:, 0::2] * 16 + halves[:, 1::2]).astype(np.uint8), column)


def _start(text: pa.Array) -> int:
    return int(np.frombuffer(text.buffers()[1], np.int32)[text.offset])


def _cost(column: pa.Array) -> pa.Array:
    """Numerics of 18 digits, 6 of them after the point, as digits to the base of 10,000."""
    wide = np.frombuffer(column.buffers()[1], "<i8").reshape(-1, 2)
    values = wide[column.offset : column.offset + len(column), 0]
    size = np.abs(np.where(column.is_valid().to_numpy(zero_copy_only=False), values, 0))
    whole, fraction = size // 1_000_000, size % 1_000_000 * 100
    cells = np.empty((len(column), 9), ">i2")
    cells[:, 0], cells[:, 1], cells[:, 3] = 5, 2, 6
    cells[:, 2] = np.where(values < 0, 0x4000, 0)
    cells[:, 4], cells[:, 5], cells[:, 6] = whole // 10**8, whole // 10**4 % 10**4, whole % 10**4
    cells[:, 7], cells[:, 8] = fraction // 10**4, fraction % 10**4
    return _fixed(cells.view(np.uint8), column)


def _array(kind: str, write: Callable[[pa.Array], pa.Array]) -> Callable[[pa.Array], pa.Array]:
    """The writer of lists: dimensions, type, length and first place, then the elements."""

    def written(lists: pa.Array) -> pa.Array:
        elements = lists.flatten()
        if elements.null_count:
            raise ValueError("a list has a null in it")
        counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        head = np.zeros((len(lists), 5), ">i4")
        head[:, 0], head[:, 2], head[:, 3], head[:, 4] = 1, _OIDS[kind], counts, 1
        values = write(elements)
        cells = pc.binary_join_element_wise(_lengths(values), values, _NOTHING)
        of_list = np.zeros(len(lists) + 1, np.int64)
        np.cumsum(counts, out=of_list[1:])
        # The elements of a list lie one after the other: together they are one value.
        offsets = np.frombuffer(cells.buffers()[1], np.int32)[of_list + cells.offset]
        body = pa.Array.from_buffers(
            pa.binary(), len(lists), [None, pa.py_buffer(offsets.copy()), cells.buffers()[2]]
        )
        return pc.binary_join_element_wise(_fixed(head.view(np.uint8), lists), body, _NOTHING)

    return written


def _hexadecimal() -> _Bytes:
    halves = np.full(256, 255, np.uint8)
    for digits in (b"0123456789abcdef", b"0123456789ABCDEF"):
        halves[np.frombuffer(digits, np.uint8)] = np.arange(16)
    return halves


_HALVES: Final = _hexadecimal()
_DIGIT_PLACES: Final = np.array([place for place in range(36) if place not in (8, 13, 18, 23)])

_WRITERS: Final[Mapping[tuple[str, str], Callable[[pa.Array], pa.Array]]] = {
    ("uuid", "string"): _uuid,
    ("text", "string"): _text,
    ("character varying", "string"): _text,
    ("timestamp with time zone", "timestamp[us, tz=UTC]"): _instant,
    ("date", "date32[day]"): _date,
    ("smallint", "int16"): _smallint,
    ("integer", "int32"): _integer,
    ("bigint", "int64"): _bigint,
    ("double precision", "double"): _double,
    ("numeric", "decimal128(18, 6)"): _cost,
    ("jsonb", "string"): _jsonb,
    ("uuid[]", "list<item: string>"): _array("uuid", _uuid),
    ("integer[]", "list<item: int32>"): _array("integer", _integer),
    ("smallint[]", "list<item: int16>"): _array("smallint", _smallint),
}
