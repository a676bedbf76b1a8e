"""Executions without structure: the same ones, at other times of their day.

A miner that still finds habits in them finds what is not there.
"""

from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.synthetic.model import Purpose, stream
from usage_pipeline.synthetic.starts import Instants, midnight_ms

Shuffling = Literal["within_day", "within_user_day", "uniform"]

_INSTANT = pa.timestamp("us", tz="UTC")
_MOVED_ALONG = ("end_time", "updated_at")


def shuffle(
    table: pa.Table, seed: int, *, how: Shuffling = "within_day", zone: str = "UTC"
) -> pa.Table:
    """Give each execution another start on its own day; all else stays as it is.

    So every user, workflow, status and trigger keeps its count on every day, and every execution
    its duration.

    Args:
        table: executions with `start_time` (no nulls) and, for `within_user_day`, `user_id`;
            `end_time` and `updated_at` move along with the start if there are any.
        seed: the seed of the new times.
        how: `within_day` hands the start times of a day out anew among all its executions, so
            that the rhythm of the whole stays and that of each user goes; `within_user_day`
            among those of one user only, which keeps when users are active but not with what;
            `uniform` draws each time anew from the whole day.
        zone: the zone in which days begin.

    Returns:
        The table with other times, ordered by start.
    """
    if table.num_rows == 0:
        return table
    random = stream(seed, Purpose.SHUFFLE)
    start = _microseconds(table["start_time"])
    midnights = _midnights(start, zone)
    day = np.searchsorted(midnights, start, side="right") - 1
    if how == "uniform":
        length = midnights[day + 1] - midnights[day]
        new = midnights[day] + (random.random(len(start)) * length).astype(np.int64)
    else:
        group = day
        if how == "within_user_day":
            users = table["user_id"].combine_chunks().dictionary_encode().indices.to_numpy()
            group = users.astype(np.int64) * len(midnights) + day
        new = _permuted(random, start, group)
    shift = pa.array(new - start, pa.duration("us"))
    moved = _replace(table, "start_time", pa.array(new).cast(_INSTANT))
    for name in _MOVED_ALONG:
        if name in table.schema.names:
            moved = _replace(moved, name, pc.add(table[name].cast(_INSTANT), shift))
    return moved.take(pa.array(np.argsort(new, kind="stable")))


def _permuted(random: np.random.Generator, values: Instants, group: Instants) -> Instants:
    """The values of each group in another order."""
    permuted = np.empty_like(values)
    in_order = np.argsort(group, kind="stable")
    at_random = np.lexsort((random.random(len(values)), group))
    permuted[at_random] = values[in_order]
    return permuted


def _midnights(start: Instants, zone: str) -> npt.NDArray[np.int64]:
    """When each day begins, from before the first start to after the last, in microseconds."""
    edges = pa.array([int(start.min()), int(start.max())]).cast(_INSTANT).to_pylist()
    first = edges[0].date() - timedelta(days=1)
    count = (edges[1].date() - first).days + 3
    days = [first + timedelta(days=number) for number in range(count)]
    return np.array([midnight_ms(day, zone) for day in days], dtype=np.int64) * 1_000


def _microseconds(column: pa.ChunkedArray) -> Instants:
    return np.asarray(column.cast(_INSTANT).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _replace(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    position = table.schema.get_field_index(column)
    kind = table.schema.field(position).type
    return table.set_column(position, table.schema.field(position), values.cast(kind))
