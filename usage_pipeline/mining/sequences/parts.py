"""Parts: the contiguous steps of sequences that come again and again, for each user.

They are mined from the daily statistic of sequences, which tells for every session with at least
two steps what it consists of; so they do not need a daily statistic of their own. A part counts
once a session. Only closed parts are rows: a longer part with the same support says more. `popular`
mines the parts that users share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from usage_pipeline.mining.daily.sequences import IDS, SequenceCounts, sequence_ids
from usage_pipeline.mining.sequences.part_counts import PartRows, SessionCounts, count_parts
from usage_pipeline.mining.statistics import QValues

MEASURES: Final = [
    pa.field("workflow_ids", IDS, nullable=False),
    pa.field("support", pa.int64(), nullable=False),
    pa.field("day_count", pa.int64(), nullable=False),
    pa.field("confidence", pa.float64(), nullable=False),
    pa.field("lift", pa.float64(), nullable=False),
    pa.field("last_executed", INSTANT, nullable=False),
]

_USER_PARTS = [
    pa.field("user_id", pa.string(), nullable=False),
    pa.field("sequence_id", pa.string(), nullable=False),
    *MEASURES,
]

TESTED_PARTS_SCHEMA = pa.schema([*_USER_PARTS, pa.field("p_value", pa.float64(), nullable=False)])
"""`SUBSEQUENCES_SCHEMA` before the tests of all users are complete: `p_value` is the greatest of
those of the part's transitions, 1 where one of them was not tested."""

SUBSEQUENCES_SCHEMA = pa.schema([*_USER_PARTS, pa.field("q_value", pa.float64(), nullable=False)])
"""One row per user and part. `support` = sessions with it; `day_count` = days on which such a
session closes; `confidence` = support / sessions with all but its last step; `lift` = confidence /
share of the user's sessions that have the last step; `q_value` = the greatest of those of its
transitions, 1 where one of them was not tested."""

SURE_PARTS_SCHEMA = pa.schema(
    [
        pa.field("workflow_ids", IDS, nullable=False),
        pa.field("p_value", pa.float64(), nullable=False),
    ]
)
"""One row per user and part, closed or not, that this user may have more often than by chance."""

PART_WINDOW_DAYS: Final = 28
"""The window of the parts of sequences, of each user and of all: four whole weeks."""

# Longer parts are rare, and nobody automates more than five steps at once.
LONGEST_PART: Final = 5
# A part that comes on one day only is that day's work, not a habit.
MIN_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class UserParts:
    """The parts of some users' sequences that come on enough days.

    Attributes:
        closed: `TESTED_PARTS_SCHEMA`, by user, then the greatest support, longer parts first.
        sure: `SURE_PARTS_SCHEMA`.
        sessions: how many sessions of these users have each workflow.
        session_count: all sessions of these users.
    """

    closed: pa.Table
    sure: pa.Table
    sessions: Mapping[str, int]
    session_count: int


def find_parts(
    occurrences: pa.Table,
    step_counts: pa.Table,
    follow_ups: pa.Table,
    as_of: date,
    *,
    window_days: int = PART_WINDOW_DAYS,
    longest: int = LONGEST_PART,
    min_days: int = MIN_DAYS,
    sure_below: float = 1.0,
) -> UserParts:
    """Mine the parts of each user's sequences over the last days.

    Args:
        occurrences: daily statistics in `daily.sequences.SEQUENCE_OCCURRENCES_SCHEMA`.
        step_counts: daily statistics in `daily.transitions.STEP_COUNTS_SCHEMA` of the same days.
        follow_ups: the tests of transitions in the same window, in
            `follow_ups.FOLLOW_UPS_SCHEMA`.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        longest: the greatest number of steps of a part.
        min_days: on how many days a part must come.
        sure_below: a part with a greater p-value is surely chance.
    """
    counts = SequenceCounts.from_table(occurrences).in_window(as_of, window_days)
    sessions = _sessions_by_user(step_counts, counts, as_of, window_days)
    rows, of_owner = count_parts(counts, counts.user, sessions, longest)
    rows = rows.take(np.flatnonzero(rows.day_count >= min_days))
    p_value = _greatest_p_value(counts, rows, follow_ups)
    sure = np.flatnonzero(p_value <= sure_below)
    closed = np.flatnonzero(rows.is_closed)
    return UserParts(
        closed=_closed_table(counts, rows.take(closed), p_value[closed]),
        sure=pa.Table.from_arrays(
            [_workflow_ids(counts, rows.take(sure)), pa.array(p_value[sure])],
            schema=SURE_PARTS_SCHEMA,
        ),
        sessions=_sessions_by_workflow(step_counts, as_of, window_days),
        session_count=int(of_owner.sum()),
    )


def with_q_values(parts: pa.Table, tests: QValues) -> pa.Table:
    """Rows of `TESTED_PARTS_SCHEMA` in `SUBSEQUENCES_SCHEMA`, once all tests are complete."""
    q_value = pa.array(tests.of(floats(parts, "p_value")))
    columns = [*parts.drop_columns("p_value").columns, q_value]
    return pa.Table.from_arrays(columns, schema=SUBSEQUENCES_SCHEMA)


def _closed_table(counts: SequenceCounts, rows: PartRows, p_value: Floats) -> pa.Table:
    order = np.lexsort((rows.code, -rows.length, -rows.support, rows.owner))
    rows = rows.take(order)
    users, lists = to_ids(rows.owner, counts.users), _workflow_ids(counts, rows)
    confidence = rows.support / rows.prefix_support
    return pa.Table.from_arrays(
        [
            users,
            sequence_ids(users, lists),
            lists,
            pa.array(rows.support),
            pa.array(rows.day_count),
            pa.array(confidence),
            pa.array(confidence * rows.owner_sessions / rows.last_step_support),
            to_instants(rows.last_executed),
            pa.array(p_value[order]),
        ],
        schema=TESTED_PARTS_SCHEMA,
    )


def _in_window(step_counts: pa.Table, as_of: date, window_days: int) -> pa.Table:
    last, day = day_number(as_of), days(step_counts["execution_date"])
    inside = np.flatnonzero((day <= last) & (day > last - window_days))
    return step_counts.take(pa.array(inside))


def _sessions_by_user(
    step_counts: pa.Table, counts: SequenceCounts, as_of: date, window_days: int
) -> SessionCounts:
    """Sessions by user and workflow, also of those who are not in a sequence."""
    table = _in_window(step_counts, as_of, window_days)
    user = _numbered(table, "user_id", counts.users)
    workflow = _numbered(table, "workflow_id", counts.workflows)
    groups = group(user, workflow)
    sessions = groups.sums(integers(table, "session_count"))
    return SessionCounts(user[groups.first], workflow[groups.first], sessions)


def _sessions_by_workflow(step_counts: pa.Table, as_of: date, window_days: int) -> dict[str, int]:
    table = _in_window(step_counts, as_of, window_days)
    workflow = encode(table, "workflow_id")
    groups = group(workflow.codes)
    ids = to_ids(workflow.codes[groups.first], workflow.values).to_pylist()
    return dict(zip(ids, groups.sums(integers(table, "session_count")).tolist(), strict=True))


def _numbered(table: pa.Table, name: str, values: pa.Array) -> Ints:
    """Ids numbered as in the sequences, and with greater numbers where sequences lack them."""
    column = encode(table, name)
    codes = code_of(values, column.values)
    return np.where(codes >= 0, codes, len(values) + np.arange(len(codes)))[column.codes]


def _workflow_ids(counts: SequenceCounts, rows: PartRows) -> pa.Array:
    steps = counts.steps[ranges(rows.begin, rows.length)]
    return lists_of(to_ids(steps, counts.workflows), rows.length)


def _greatest_p_value(counts: SequenceCounts, rows: PartRows, follow_ups: pa.Table) -> Floats:
    """The greatest p-value among the transitions of each part, 1 where one was not tested."""
    user = code_of(counts.users, follow_ups["user_id"])
    before = code_of(counts.workflows, follow_ups["from_workflow_id"])
    after = code_of(counts.workflows, follow_ups["to_workflow_id"])
    inside = np.flatnonzero((user >= 0) & (before >= 0) & (after >= 0))
    keys = [user[inside], before[inside], after[inside]]
    p_values = np.append(floats(follow_ups, "p_value")[inside], 1.0)
    greatest = np.zeros(len(rows.owner))
    for place in range(int(rows.length.max(initial=1)) - 1):
        part = np.flatnonzero(rows.length > place + 1)
        at = rows.begin[part] + place
        row = lookup(keys, [rows.owner[part], counts.steps[at], counts.steps[at + 1]])
        greatest[part] = np.maximum(greatest[part], p_values[row])
    return greatest
