"""Each user's most frequent sequences over the last days."""

from datetime import date

import numpy as np
import pyarrow as pa

from usage_pipeline.mining.columns import (
    INSTANT,
    Ints,
    group,
    lists_of,
    order_by,
    ranges,
    to_ids,
    to_instants,
)
from usage_pipeline.mining.daily.sequences import IDS, SequenceCounts, intern_sequences

WORKFLOW_SEQUENCES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("workflow_ids", IDS, nullable=False),
        pa.field("execution_order", pa.list_(pa.field("item", pa.int32())), nullable=False),
        pa.field("frequency", pa.int32(), nullable=False),
        pa.field("last_executed", INSTANT, nullable=False),
        pa.field("popularity_rank", pa.int32(), nullable=False),
    ]
)
"""One row per user and sequence; `popularity_rank` is its place among the user's, 1 for the most
frequent; `execution_order` are the positions 1, 2, ... of `workflow_ids`."""


def workflow_sequences(
    occurrences: pa.Table | SequenceCounts,
    as_of: date,
    *,
    window_days: int = 7,
    top: int | None = 5,
) -> pa.Table:
    """Each user's most frequent sequences over the last days.

    Args:
        occurrences: daily statistics; days outside of the window do not count.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        top: how many sequences a user keeps, all of them if None.

    Returns:
        Rows in `WORKFLOW_SEQUENCES_SCHEMA`, by user and rank. Among equally frequent sequences the
        one executed last comes first, then the longer one, then the one of lesser ids.
    """
    if isinstance(occurrences, pa.Table):
        occurrences = SequenceCounts.from_table(occurrences)
    counts = occurrences.in_window(as_of, window_days)
    code = intern_sequences(counts.steps, counts.first, counts.length)
    groups = group(counts.user, code)
    row = groups.first
    frequency = groups.sums(counts.occurrences)
    last_executed = groups.maxima(counts.last_executed)
    user, length = counts.user[row], counts.length[row]
    best = order_by(user, *map(_descending, (frequency, last_executed, length)), code[row])
    rank = group(user[best]).ranks() + 1
    if top is not None:
        best, rank = best[rank <= top], rank[rank <= top]
    selection = counts.take(row[best])
    places = ranges(np.ones_like(selection.length), selection.length).astype(np.int32)
    return pa.Table.from_arrays(
        [
            to_ids(selection.user, selection.users),
            selection.sequence_ids(),
            selection.workflow_ids(),
            lists_of(pa.array(places), selection.length),
            pa.array(frequency[best].astype(np.int32)),
            to_instants(last_executed[best]),
            pa.array(rank.astype(np.int32)),
        ],
        schema=WORKFLOW_SEQUENCES_SCHEMA,
    )


def _descending(values: Ints) -> Ints:
    """Numbers from 0 on that sort the other way round."""
    return int(values.max(initial=0)) - values
