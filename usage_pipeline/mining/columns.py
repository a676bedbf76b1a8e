"""Arrow columns as numbers and back: codes for ids, sorting and grouping by packed keys.

Mechanics only: nothing here knows what a session or a sequence is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.errors import UsageError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

INSTANT = pa.timestamp("us", tz="UTC")
_KEY_BITS = 63
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of ids as numbers: `values` are sorted, so codes are in the order of the ids."""

    codes: Ints
    values: pa.Array

    def take(self, rows: npt.NDArray[Any]) -> "Coded":
        """The same ids in those rows."""
        return Coded(self.codes[rows], self.values)


def encode(table: pa.Table, name: str) -> Coded:
    """Number the ids of a column of text (or dictionaries of text).

    Raises:
        UsageError: an id is null.
    """
    column = table[name]
    if column.null_count:
        raise UsageError(f"Column {name} has {column.null_count} nulls: give every row an id.")
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    if len(column) == 0:
        return Coded(np.zeros(0, dtype=np.int64), pa.array([], pa.string()))
    values = column.chunk(0).dictionary.cast(pa.string())
    order = pc.sort_indices(values).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    indices = np.concatenate([chunk.indices.to_numpy() for chunk in column.chunks])
    return Coded(rank[indices], values.take(pa.array(order)))


def code_of(values: pa.Array, ids: pa.Array | pa.ChunkedArray) -> Ints:
    """The codes that ids have in the sorted `values` of a column, -1 for others."""
    places = pc.index_in(ids.cast(pa.string()), value_set=values)
    return np.asarray(pc.fill_null(places, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def integers(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers, nulls as 0."""
    column = pc.fill_null(table[name].cast(pa.int64()), 0)
    return np.asarray(column.to_numpy(), dtype=np.int64)


def floats(table: pa.Table, name: str) -> Floats:
    """A column of numbers (decimals too), nulls as NaN."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def microseconds(table: pa.Table, name: str) -> Ints:
    """A column of instants in microseconds since 1970."""
    return np.asarray(table[name].cast(INSTANT).cast(pa.int64()).to_numpy(), dtype=np.int64)


def days(column: pa.Array | pa.ChunkedArray) -> Ints:
    """A column of dates in days since 1970."""
    return np.asarray(
        column.cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False), dtype=np.int64
    )


def day_number(day: date) -> int:
    """A date in days since 1970."""
    return day.toordinal() - _EPOCH


def to_date(number: int) -> date:
    """The date that many days after 1970 began."""
    return date.fromordinal(number + _EPOCH)


def to_dates(numbers: Ints) -> pa.Array:
    """Days since 1970 as a column of dates."""
    return pa.array(numbers.astype(np.int32)).cast(pa.date32())


def to_instants(numbers: Ints) -> pa.Array:
    """Microseconds since 1970 as a column of instants in UTC."""
    return pa.array(numbers).cast(INSTANT)


def to_ids(codes: Ints, values: pa.Array) -> pa.Array:
    """Codes as the ids that they number."""
    return values.take(pa.array(codes))


def lists_of(values: pa.Array, lengths: Ints) -> pa.Array:
    """Values in a row as lists of those lengths."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The positions start, start + 1, ... of each range, one range after the other."""
    total = int(lengths.sum())
    before: Ints = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(total) + np.repeat(starts - before, lengths), dtype=np.int64)


def bits_for(count: int) -> int:
    """How many bits hold the numbers 0 to count - 1."""
    return max(0, int(count) - 1).bit_length()


def _leading_bits(keys: Iterable[Ints], room: int) -> tuple[Ints, bool]:
    """The leading bits of several keys in one number that sorts alike, and if they are all."""
    packed, complete = None, True
    for key in keys:
        width = int(key.max(initial=0)).bit_length()
        bits = min(width, room)
        head = key if bits == width else key >> (width - bits)
        if packed is None:
            packed = head.astype(np.int64)
        else:
            packed <<= bits
            packed |= head
        room, complete = room - bits, complete and bits == width
    if packed is None:
        raise ValueError("give a key or more")
    return packed, complete


def _sorted_rows(keys: tuple[Ints, ...]) -> tuple[Ints, Mask]:
    """The rows in the order of the keys, equal ones as they come, and where a key differs.

    Numbers alone sort ten times faster than positions by numbers. So the row rides in the lowest
    bits of one number, above it as many leading bits of the keys as have room. Rows that differ
    only in the bits left out are few; they are put in order by themselves.
    """
    row_bits = bits_for(len(keys[0]))
    packed, complete = _leading_bits(keys, _KEY_BITS - row_bits)
    packed <<= row_bits
    packed |= np.arange(len(packed))
    packed.sort()
    differs = np.ones(len(packed), dtype=bool)
    np.greater((packed[1:] ^ packed[:-1]) >> row_bits, 0, out=differs[1:])
    packed &= (1 << row_bits) - 1
    if not complete:
        _sort_within(packed, differs, keys)
    return packed, differs


def _sort_within(order: Ints, differs: Mask, keys: tuple[Ints, ...]) -> None:
    """Put rows that are in order but for runs without a difference into their order, in place."""
    tied = np.flatnonzero(~differs)
    places = np.union1d(tied, tied - 1)
    rows = order[places]
    # A run begins at a place whose row differs from the one before.
    run = np.cumsum(differs[places])
    by_key = np.lexsort([*(key[rows] for key in reversed(keys)), run])
    order[places] = rows[by_key]
    before, after = order[tied - 1], order[tied]
    differs[tied] = np.logical_or.reduce([key[before] != key[after] for key in keys])


def order_by(*keys: Ints) -> Ints:
    """The rows in the order of one or more keys, numbers from 0 on; equal ones as they come."""
    return _sorted_rows(keys)[0]


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows with equal keys together: `order` sorts rows by key, groups begin at `starts`."""

    order: Ints
    starts: Ints

    def __len__(self) -> int:
        """The number of groups."""
        return len(self.starts)

    @property
    def sizes(self) -> Ints:
        """How many rows each group has."""
        return np.diff(self.starts, append=len(self.order))

    @property
    def first(self) -> Ints:
        """A row of each group, the first one."""
        return self.order[self.starts]

    def sums(self, values: Ints) -> Ints:
        """The sum of each group."""
        if len(self.starts) == 0:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(np.add.reduceat(values[self.order], self.starts), dtype=np.int64)

    def maxima(self, values: Ints) -> Ints:
        """The greatest value of each group."""
        if len(self.starts) == 0:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(np.maximum.reduceat(values[self.order], self.starts), dtype=np.int64)

    def minima(self, values: Ints) -> Ints:
        """The least value of each group."""
        return -self.maxima(-values)

    def of_rows(self) -> Ints:
        """The number of the group that each row belongs to."""
        numbers = np.empty(len(self.order), dtype=np.int64)
        numbers[self.order] = np.repeat(np.arange(len(self.starts)), self.sizes)
        return numbers

    def sizes_of_rows(self) -> Ints:
        """The size of the group that each row belongs to."""
        return self.sizes[self.of_rows()]

    def ranks(self) -> Ints:
        """Each row's place in its group, from 0 on, in the order of the rows."""
        places = np.empty(len(self.order), dtype=np.int64)
        places[self.order] = np.arange(len(self.order)) - np.repeat(self.starts, self.sizes)
        return places


def group(*keys: Ints) -> Groups:
    """Group rows by one or more columns of numbers from 0 on; groups come in order of the keys."""
    order, differs = _sorted_rows(keys)
    return Groups(order, np.flatnonzero(differs))


def lookup(keys: list[Ints], queries: list[Ints]) -> Ints:
    """The row of each queried combination among rows that all differ; -1 where it is missing."""
    count = len(keys[0])
    both = group(*(np.concatenate([k, w]) for k, w in zip(keys, queries, strict=True)))
    # Sorting keeps the order of equal keys, so a row comes before the queries that it answers.
    first = both.first[both.of_rows()[count:]]
    return np.where(first < count, first, -1)
