"""Sequences: the workflows that a user runs together in one session, counted by day.

The daily statistic is all that a window needs: a window is a sum over days, so days may be
counted in any order. The room `sequences` mines windows of it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.identity import hashed_ids, source_namespace
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
    ranges,
    to_dates,
    to_ids,
    to_instants,
)
from usage_pipeline.mining.daily.sessions import Sessions, closing_days

IDS: Final = pa.list_(pa.field("item", pa.string()))
"""A column of lists of workflow ids."""

SEQUENCE_NAMESPACE: Final = source_namespace("mining:sequence")
"""The namespace of sequence ids, which are UUIDv5 of `user/workflow/workflow...`; for a sequence of
all users, of `workflow/workflow...`. Other languages can compute the same ids."""

SEQUENCE_OCCURRENCES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("workflow_ids", IDS, nullable=False),
        pa.field("occurrence_count", pa.int64(), nullable=False),
        pa.field("split_count", pa.int64()),
        pa.field("last_executed", INSTANT, nullable=False),
    ]
)
"""One row per user, day and sequence: the sessions that consist of these workflows in this order
and close on the day. `split_count` of them are pieces of a session that was split because it had
too many steps; `last_executed` is the greatest last start among them."""


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
    split: Ints
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
            split=self.split[rows],
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
                pa.array(self.split),
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
            split=integers(table, "split_count"),
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
        split=groups.sums(sessions.is_split[long_enough].astype(np.int64)),
        last_executed=groups.maxima(sessions.last_start[long_enough]),
    )


def sequence_occurrences(sessions: Sessions, zone: str) -> pa.Table:
    """The daily statistic of sequences, in `SEQUENCE_OCCURRENCES_SCHEMA`."""
    return count_sequences(sessions, zone).to_table()


def sequence_ids(users: pa.Array, workflow_ids: pa.Array) -> pa.Array:
    """The id of each user's sequence."""
    ids = pc.binary_join(workflow_ids, "/")
    return hashed_ids(SEQUENCE_NAMESPACE, pc.binary_join_element_wise(users, ids, "/"))


def shared_sequence_ids(workflow_ids: pa.Array) -> pa.Array:
    """The id of each sequence as one of all users."""
    return hashed_ids(SEQUENCE_NAMESPACE, pc.binary_join(workflow_ids, "/"))


def intern_sequences(steps: Ints, first: Ints, length: Ints) -> Ints:
    """Number sequences so that equal lists, and only they, have equal numbers.

    Args:
        steps: the workflows of all sequences.
        first: the position of each sequence's first step.
        length: how many steps each has, 1 or more.

    Returns:
        A number for each sequence; numbers are in order of length, then of the workflows.
    """
    code = np.zeros(len(first), dtype=np.int64)
    if len(first) == 0:
        return code
    rows = np.arange(len(first))
    node = steps[first]
    next_code = 0
    for depth in range(1, int(length.max()) + 1):
        if depth > 1:
            groups = group(node, steps[first[rows] + depth - 1])
            node = groups.of_rows()
        at_end = length[rows] == depth
        if at_end.any():
            groups_at_end = group(node[at_end])
            code[rows[at_end]] = next_code + groups_at_end.of_rows()
            next_code += len(groups_at_end)
            rows, node = rows[~at_end], node[~at_end]
    return code


def _from_zero(values: Ints) -> Ints:
    return values - values.min() if len(values) else values
