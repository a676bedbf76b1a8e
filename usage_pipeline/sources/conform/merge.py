"""Merges copies of executions: one function on columns, the same result in any order of arrival.

The warehouse does the same in SQL for whole days; this is for small inputs, and what that is
tested against.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA
from usage_pipeline.terms import STATUS_RANK

_KEY: Final = ("source", "id")
# Where all of the rule is equal, the greater content decides, column by column, null the lowest.
_CONTENT: Final = tuple(
    name
    for name in CANONICAL_SCHEMA.names
    if name not in (*_KEY, "status", "updated_at", "start_time", "execution_date")
)


def merge_copies(table: pa.Table) -> pa.Table:
    """Keep one copy of each execution.

    The copy with the greatest (is terminal, updated_at, status rank, content) wins; its start is
    the earliest that any copy knows, and the execution date is that start's.

    Args:
        table: executions in `CANONICAL_SCHEMA`, some perhaps several times.

    Returns:
        One row per source and id, ordered by them.
    """
    table = table.combine_chunks()
    key = [(name, "ascending") for name in _KEY]
    rank = pc.index_in(table["status"], pa.array(STATUS_RANK))
    terminal = pc.not_equal(table["status"], "started")
    ranked = table.append_column("rank", rank).append_column("terminal", terminal.cast(pa.int8()))
    best = [(name, "descending") for name in ("terminal", "updated_at", "rank", *_CONTENT)]
    winners = _first_of_each(ranked.sort_by([*key, *best])).select(table.column_names)
    earliest = [*key, ("start_time", "ascending"), ("execution_date", "ascending")]
    first = _first_of_each(table.sort_by(earliest))
    for name in ("start_time", "execution_date"):
        place = winners.schema.get_field_index(name)
        winners = winners.set_column(place, winners.schema.field(name), first[name])
    return winners


def _first_of_each(table: pa.Table) -> pa.Table:
    """The first row of each run of one source and id."""
    if table.num_rows < 2:
        return table
    changes = [
        pc.not_equal(table[name].slice(1), table[name].slice(0, table.num_rows - 1))
        for name in _KEY
    ]
    starts = pc.or_(*changes).combine_chunks()
    return table.filter(pa.concat_arrays([pa.array([True]), *_chunks(starts)]))


def _chunks(array: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return list(array.chunks) if isinstance(array, pa.ChunkedArray) else [array]
