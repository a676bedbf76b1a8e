"""Sequences: what a user runs together, counted by day and over a window.

The daily statistic is all that a window needs: a window is a sum over days, so days may be
counted in any order. Parts of sequences are mined in `subsequences`.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import (
    INSTANT,
    Ints,
    day_number,
    days,
    encode,
    group,
    integers,
    lists_of,
    microseconds,
    order_by,
    ranges,
    to_dates,
    to_ids,
    to_instants,
)
from usage_pipeline.mining.daily.session_days import closing_days
from usage_pipeline.mining.daily.sessions import Sessions
from usage_pipeline.mining.identifiers import sequence_ids
from usage_pipeline.mining.interning import intern_sequences

_IDS = pa.list_(pa.field("item", pa.string()))

SEQUENCE_OCCURRENCES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("workflow_ids", _IDS, nullable=False),
        pa.field("occurrence_count", pa.int64(), nullable=False),
        pa.field("last_executed", INSTANT, nullable=False),
    ]
)
"""One row per user, day and sequence: the sessions that consist of these workflows in this order
and close on the day. `last_executed` is the greatest last start among them."""

WORKFLOW_SEQUENCES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("workflow_ids", _IDS, nullable=False),
        pa.field("execution_order", pa.list_(pa.field("item", pa.int32())), nullable=False),
        pa.field("frequency", pa.int32(), nullable=False),
        pa.field("last_executed", INSTANT, nullable=False),
        pa.field("popularity_rank", pa.int32(), nullable=False),
    ]
)
"""One row per user and sequence; `popularity_rank` is its place among the user's, 1 for the most
frequent; `execution_order` are the positions 1, 2, ... of `workflow_ids`."""


@dataclass(frozen=True, slots=True)
class SequenceCounts:
    """The daily statistic as numbers: a row per user, day and sequence.

    The workflows of row i are those from `first[i]` on in `steps`, `length[i]` of them, without
    gaps between rows. `day` counts from 1970, `last_executed` is in microseconds.
    """

    users: pa.Array
    workflows: pa.Array
    user: Ints
    day: Ints
    steps: Ints
    first: Ints
    length: Ints
    occurrences: Ints
    last_executed: Ints

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.user)

    def in_window(self, as_of: date, window_days: int) -> "SequenceCounts":
        """The rows of the days that end with the as-of date."""
        last = day_number(as_of)
        inside = (self.day <= last) & (self.day > last - window_days)
        return self if inside.all() else self.take(np.flatnonzero(inside))

    def take(self, rows: Ints) -> "SequenceCounts":
        """The rows at those places."""
        length = self.length[rows]
        return SequenceCounts(
            users=self.users,
            workflows=self.workflows,
            user=self.user[rows],
            day=self.day[rows],
            steps=self.steps[ranges(self.first[rows], length)],
            first=np.cumsum(length) - length,
            length=length,
            occurrences=self.occurrences[rows],
            last_executed=self.last_executed[rows],
        )

    def workflow_ids(self) -> pa.Array:
        """The workflows of each row as a list of ids."""
        return lists_of(to_ids(self.steps, self.workflows), self.length)

    def sequence_ids(self) -> pa.Array:
        """The id of each row's user and sequence."""
        return sequence_ids(to_ids(self.user, self.users), self.workflow_ids())

    def to_table(self) -> pa.Table:
        """The rows in `SEQUENCE_OCCURRENCES_SCHEMA`."""
        return pa.Table.from_arrays(
            [
                to_ids(self.user, self.users),
                to_dates(self.day),
                self.sequence_ids(),
                self.workflow_ids(),
                pa.array(self.occurrences),
                to_instants(self.last_executed),
            ],
            schema=SEQUENCE_OCCURRENCES_SCHEMA,
        )

    @classmethod
    def from_table(cls, table: pa.Table) -> "SequenceCounts":
        """Read rows of `SEQUENCE_OCCURRENCES_SCHEMA` (`sequence_id` is not needed)."""
        lists = table["workflow_ids"]
        workflows = encode(pa.table({"workflow_ids": pc.list_flatten(lists)}), "workflow_ids")
        user = encode(table, "user_id")
        length = np.asarray(pc.list_value_length(lists).to_numpy(), dtype=np.int64)
        return cls(
            users=user.values,
            workflows=workflows.values,
            user=user.codes,
            day=days(table["execution_date"]),
            steps=workflows.codes,
            first=np.cumsum(length) - length,
            length=length,
            occurrences=integers(table, "occurrence_count"),
            last_executed=microseconds(table, "last_executed"),
        )


def count_sequences(sessions: Sessions, zone: str) -> SequenceCounts:
    """Count sequences of at least 2 steps by user and by the day in which the session closes.

    Args:
        sessions: of one day or of several.
        zone: IANA name of the warehouse's zone.

    Returns:
        Rows ordered by user, day, length and workflows.
    """
    long_enough = np.flatnonzero(sessions.step_count >= 2)
    first, length = sessions.first_step[long_enough], sessions.step_count[long_enough]
    day = closing_days(sessions, zone)[long_enough]
    code = intern_sequences(sessions.step_workflow, first, length)
    user = sessions.user[long_enough]
    groups = group(user, _from_zero(day), code)
    rows = groups.first
    return SequenceCounts(
        users=sessions.users,
        workflows=sessions.workflows,
        user=user[rows],
        day=day[rows],
        steps=sessions.step_workflow[ranges(first[rows], length[rows])],
        first=np.cumsum(length[rows]) - length[rows],
        length=length[rows],
        occurrences=groups.sizes,
        last_executed=groups.maxima(sessions.last_start[long_enough]),
    )


def sequence_occurrences(sessions: Sessions, zone: str) -> pa.Table:
    """The daily statistic of sequences, in `SEQUENCE_OCCURRENCES_SCHEMA`."""
    return count_sequences(sessions, zone).to_table()


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
        Rows in `WORKFLOW_SEQUENCES_SCHEMA`, by user and rank. Of equally frequent sequences the
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
    chosen = counts.take(row[best])
    places = ranges(np.ones_like(chosen.length), chosen.length).astype(np.int32)
    return pa.Table.from_arrays(
        [
            to_ids(chosen.user, chosen.users),
            chosen.sequence_ids(),
            chosen.workflow_ids(),
            lists_of(pa.array(places), chosen.length),
            pa.array(frequency[best].astype(np.int32)),
            to_instants(last_executed[best]),
            pa.array(rank.astype(np.int32)),
        ],
        schema=WORKFLOW_SEQUENCES_SCHEMA,
    )


def _descending(values: Ints) -> Ints:
    """Numbers from 0 on that sort the other way round."""
    return int(values.max(initial=0)) - values


def _from_zero(values: Ints) -> Ints:
    return values - values.min() if len(values) else values
