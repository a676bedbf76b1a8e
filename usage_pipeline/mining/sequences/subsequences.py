"""Sub-sequences: the contiguous parts of sequences that come again and again.

They are mined from the daily statistic of sequences, which tells for every session with at least
two steps what it consists of; so no daily statistic of their own is needed. A part counts once a
session. Only closed parts are said: those of which no longer one has the same support.
"""

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from usage_pipeline.mining.columns import (
    INSTANT,
    Floats,
    Ints,
    code_of,
    day_number,
    days,
    encode,
    floats,
    group,
    integers,
    lists_of,
    lookup,
    ranges,
    to_ids,
    to_instants,
)
from usage_pipeline.mining.daily.sequences import (
    SequenceCounts,
    sequence_ids,
    shared_sequence_ids,
)
from usage_pipeline.mining.sequences.part_counts import PartRows, SessionCounts, count_parts
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE

_MEASURES = [
    pa.field("workflow_ids", pa.list_(pa.field("item", pa.string())), nullable=False),
    pa.field("support", pa.int64(), nullable=False),
    pa.field("day_count", pa.int64(), nullable=False),
    pa.field("confidence", pa.float64(), nullable=False),
    pa.field("lift", pa.float64(), nullable=False),
    pa.field("last_executed", INSTANT, nullable=False),
]

SUBSEQUENCES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("sequence_id", pa.string(), nullable=False),
        *_MEASURES,
        pa.field("q_value", pa.float64(), nullable=False),
    ]
)
"""One row per user and part. `support` = sessions with it; `day_count` = days on which such a
session closes; `confidence` = support / sessions with all but its last step; `lift` = confidence /
share of the user's sessions that have the last step; `q_value` = the greatest of those of its
transitions, 1 where one of them was not tested."""

POPULAR_SEQUENCES_SCHEMA = pa.schema(
    [
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("user_count", pa.int64(), nullable=False),
        *_MEASURES,
    ]
)
"""One row per part, over all users. `user_count` = users with it on enough days of their own."""


PART_WINDOW_DAYS: Final = 28
"""The window of the parts of sequences, of each user and of all: four whole weeks."""

# Longer parts are rare, and nobody automates more than five steps at once.
LONGEST_PART: Final = 5
# What comes on one day only is that day's work and no habit.
MIN_DAYS: Final = 2


def find_subsequences(
    occurrences: pa.Table,
    step_counts: pa.Table,
    follow_ups: pa.Table,
    as_of: date,
    *,
    window_days: int = PART_WINDOW_DAYS,
    longest: int = LONGEST_PART,
    min_days: int = MIN_DAYS,
) -> pa.Table:
    """Each user's closed parts of sequences over the last days.

    Args:
        occurrences: daily statistics in `sequences.SEQUENCE_OCCURRENCES_SCHEMA`.
        step_counts: daily statistics in `transitions.STEP_COUNTS_SCHEMA` of the same days.
        follow_ups: which transitions are no chance, in `follow_ups.FOLLOW_UPS_SCHEMA`.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        longest: the greatest number of steps of a part.
        min_days: on how many days a part must come.

    Returns:
        Rows in `SUBSEQUENCES_SCHEMA`, by user, then the greatest support, longer parts first.
    """
    counts = SequenceCounts.from_table(occurrences).in_window(as_of, window_days)
    sessions = _sessions_by_user(step_counts, counts, as_of, window_days)
    rows = count_parts(counts, counts.user, sessions, longest)
    rows = rows.take(np.flatnonzero(rows.is_closed & (rows.day_count >= min_days)))
    rows = rows.take(np.lexsort((rows.code, -rows.length, -rows.support, rows.owner)))
    users = to_ids(rows.owner, counts.users)
    lists = _workflow_ids(counts, rows)
    return pa.Table.from_arrays(
        [
            users,
            sequence_ids(users, lists),
            *_measures(rows, lists),
            pa.array(_q_values(counts, rows, follow_ups)),
        ],
        schema=SUBSEQUENCES_SCHEMA,
    )


def find_popular_sequences(
    occurrences: pa.Table,
    step_counts: pa.Table,
    follow_ups: pa.Table,
    as_of: date,
    *,
    min_users: int,
    window_days: int = PART_WINDOW_DAYS,
    longest: int = LONGEST_PART,
    min_days: int = MIN_DAYS,
) -> pa.Table:
    """The closed parts of sequences that several users share, and none of them by chance.

    What all users do taken together cannot tell chance: whoever likes the same two workflows runs
    one after the other now and then. So it is each user's own habit that must be sure.

    Args:
        occurrences: daily statistics in `sequences.SEQUENCE_OCCURRENCES_SCHEMA`.
        step_counts: daily statistics in `transitions.STEP_COUNTS_SCHEMA` of the same days.
        follow_ups: which transitions are no chance, in `follow_ups.FOLLOW_UPS_SCHEMA`.
        as_of: the last day of the window.
        min_users: how many users must have a part more often than by chance.
        window_days: how many days there are in the window.
        longest: the greatest number of steps of a part.
        min_days: on how many days a part must come for a user to have it.

    Returns:
        Rows in `POPULAR_SEQUENCES_SCHEMA`, by the number of users, then support, then length.
    """
    counts = SequenceCounts.from_table(occurrences).in_window(as_of, window_days)
    of_users = _sessions_by_user(step_counts, counts, as_of, window_days)
    by_user = count_parts(counts, counts.user, of_users, longest)
    by_user = by_user.take(np.flatnonzero(by_user.day_count >= min_days))
    sharing = group(by_user.length, by_user.code)
    is_sure = _q_values(counts, by_user, follow_ups) <= FALSE_DISCOVERY_RATE
    sure_users = sharing.sums(is_sure.astype(np.int64))
    everyone = np.zeros(len(counts), dtype=np.int64)
    rows = count_parts(counts, everyone, _sessions_of_all(of_users), longest)
    first = sharing.first
    at = lookup([by_user.length[first], by_user.code[first]], [rows.length, rows.code])
    # A part that nobody has on enough days is at -1, where both have a 0.
    user_count, sure_users = np.append(sharing.sizes, 0)[at], np.append(sure_users, 0)[at]
    chosen = np.flatnonzero(rows.is_closed & (sure_users >= max(1, min_users)))
    rows, user_count = rows.take(chosen), user_count[chosen]
    order = np.lexsort((rows.code, -rows.length, -rows.support, -user_count))
    rows = rows.take(order)
    lists = _workflow_ids(counts, rows)
    return pa.Table.from_arrays(
        [shared_sequence_ids(lists), pa.array(user_count[order]), *_measures(rows, lists)],
        schema=POPULAR_SEQUENCES_SCHEMA,
    )


def _sessions_by_user(
    step_counts: pa.Table, counts: SequenceCounts, as_of: date, window_days: int
) -> SessionCounts:
    """Sessions by user and workflow, also of those who are in no sequence."""
    last, day = day_number(as_of), days(step_counts["execution_date"])
    inside = np.flatnonzero((day <= last) & (day > last - window_days))
    table = step_counts.take(pa.array(inside))
    user = _numbered(table, "user_id", counts.users)
    workflow = _numbered(table, "workflow_id", counts.workflows)
    groups = group(user, workflow)
    sessions = groups.sums(integers(table, "session_count"))
    return SessionCounts(user[groups.first], workflow[groups.first], sessions)


def _numbered(table: pa.Table, name: str, values: pa.Array) -> Ints:
    """Ids numbered as in the sequences, and with greater numbers where no sequence has them."""
    column = encode(table, name)
    known = code_of(values, column.values)
    return np.where(known >= 0, known, len(values) + np.arange(len(known)))[column.codes]


def _sessions_of_all(by_user: SessionCounts) -> SessionCounts:
    groups = group(by_user.workflow)
    workflow = by_user.workflow[groups.first]
    return SessionCounts(np.zeros_like(workflow), workflow, groups.sums(by_user.sessions))


def _workflow_ids(counts: SequenceCounts, rows: PartRows) -> pa.Array:
    steps = counts.steps[ranges(rows.begin, rows.length)]
    return lists_of(to_ids(steps, counts.workflows), rows.length)


def _measures(rows: PartRows, lists: pa.Array) -> list[pa.Array]:
    confidence = rows.support / rows.prefix_support
    return [
        lists,
        pa.array(rows.support),
        pa.array(rows.day_count),
        pa.array(confidence),
        pa.array(confidence * rows.owner_sessions / rows.last_step_support),
        to_instants(rows.last_executed),
    ]


def _q_values(counts: SequenceCounts, rows: PartRows, follow_ups: pa.Table) -> Floats:
    """The greatest q-value among the transitions of each part, 1 where one was not tested."""
    user = code_of(counts.users, follow_ups["user_id"])
    before = code_of(counts.workflows, follow_ups["from_workflow_id"])
    after = code_of(counts.workflows, follow_ups["to_workflow_id"])
    known = np.flatnonzero((user >= 0) & (before >= 0) & (after >= 0))
    keys = [user[known], before[known], after[known]]
    tested = np.append(floats(follow_ups, "q_value")[known], 1.0)
    greatest = np.zeros(len(rows.owner))
    for place in range(int(rows.length.max(initial=1)) - 1):
        part = np.flatnonzero(rows.length > place + 1)
        at = rows.begin[part] + place
        found = lookup(keys, [rows.owner[part], counts.steps[at], counts.steps[at + 1]])
        greatest[part] = np.maximum(greatest[part], tested[found])
    return greatest
