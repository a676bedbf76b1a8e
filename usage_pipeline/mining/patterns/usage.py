"""Usage patterns: what a user does regularly, how sure that is, and in which words.

All candidates of all three types are tested together, so that of the patterns said the expected
share that is chance is limited. What chance means is told in `follow_ups` and `time_patterns`.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa

from usage_pipeline.identity import hashed_ids, source_namespace
from usage_pipeline.mining.columns import Floats, Ints, to_ids
from usage_pipeline.mining.insights.wording import Names, between_hours, counted, on_weekdays
from usage_pipeline.mining.patterns.time import TimeWindows, find_time_windows
from usage_pipeline.mining.sequences.follow_ups import FollowUps, find_follow_ups
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE, q_values, wilson_bounds

PATTERN_NAMESPACE: Final = source_namespace("mining:pattern")
"""The namespace of pattern ids, which are UUIDv5 of `user/type/workflow/next workflow`, or of
`user/type/workflow/hour-hours-weekdays`."""

USAGE_PATTERNS_SCHEMA = pa.schema(
    [
        pa.field("pattern_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("pattern_type", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("next_workflow_id", pa.string()),
        pa.field("local_hour", pa.int16()),
        pa.field("hour_count", pa.int16()),
        pa.field("weekdays", pa.list_(pa.field("item", pa.int16()))),
        pa.field("description", pa.string(), nullable=False),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("hits", pa.int64(), nullable=False),
        pa.field("opportunities", pa.int64(), nullable=False),
        pa.field("p_value", pa.float64(), nullable=False),
        pa.field("q_value", pa.float64(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("as_of_date", pa.date32(), nullable=False),
    ]
)
"""One row per pattern of a user. `pattern_type` is time_based, sequence or conditional;
`next_workflow_id` belongs to the last two; `local_hour`, `hour_count` and `weekdays` (0 for Monday)
to the first; `evidence` is a JSON object."""


# A pattern that came true fewer times than this is an anecdote, however sure the test is.
_MIN_HITS: Final = 5
# The least Wilson lower bounds. An hour that is right on fewer than half of its days helps nobody
# to plan. A follow-up is news much earlier, for many workflows could follow; a reaction to a
# failure lies between the two.
_MIN_TIME_CONFIDENCE: Final = 0.5
_MIN_SEQUENCE_CONFIDENCE: Final = 0.05
_MIN_CONDITIONAL_CONFIDENCE: Final = 0.3
# How many times as often as by chance: with many days a small preference is certain and no habit.
_MIN_TIME_LIFT: Final = 1.6
_MIN_SEQUENCE_LIFT: Final = 1.3

_Row = dict[str, Any]


def usage_patterns(
    transitions: pa.Table,
    step_counts: pa.Table,
    hours: pa.Table,
    workflows: pa.Table,
    as_of: date,
    *,
    window_days: int = 90,
) -> pa.Table:
    """Mine the patterns of all users from the daily statistics.

    Args:
        transitions: `transitions.TRANSITIONS_SCHEMA`; days outside of the window do not count.
        step_counts: `transitions.STEP_COUNTS_SCHEMA` of the same days.
        hours: `hours.HOURS_SCHEMA` of the same days.
        workflows: workflow_id and workflow_name (may be null), for the words.
        as_of: the last day of the window.
        window_days: how many days there are in the window.

    Returns:
        Rows in `USAGE_PATTERNS_SCHEMA`, by user, then the greatest confidence.
    """
    follow_ups = find_follow_ups(
        transitions,
        step_counts,
        as_of,
        window_days=window_days,
        min_hits=_MIN_HITS,
    )
    windows = find_time_windows(
        hours,
        as_of,
        window_days=window_days,
        min_hits=_MIN_HITS,
        min_confidence=_MIN_TIME_CONFIDENCE,
    )
    q_time, q_sequence, q_conditional = _q_values(windows, follow_ups)
    names = Names.of(workflows)
    rows = [
        *_time_rows(windows, q_time, names),
        *_sequence_rows(follow_ups, q_sequence, names),
        *_conditional_rows(follow_ups, q_conditional, names),
    ]
    return _to_table(rows, as_of)


def _q_values(windows: TimeWindows, follow_ups: FollowUps) -> tuple[Floats, Floats, Floats]:
    """The q-values of the three types, controlled over all tests of all three together."""
    p_values = [windows.p_value, follow_ups.p_value, follow_ups.conditional_p_value]
    tested = windows.tested + follow_ups.tested + follow_ups.conditional_tested
    q_value = q_values(np.concatenate(p_values), tested)
    at_time, at_sequence = len(windows), len(windows) + len(follow_ups)
    return q_value[:at_time], q_value[at_time:at_sequence], q_value[at_sequence:]


def _time_rows(found: TimeWindows, q_value: Floats, names: Names) -> Iterator[_Row]:
    said = (q_value <= FALSE_DISCOVERY_RATE) & (found.hits >= _MIN_TIME_LIFT * found.expected)
    chosen = np.flatnonzero(said)
    for row, user, workflow in _with_ids(chosen, found, found.user, found.workflow):
        weekdays = np.flatnonzero(found.weekdays[row]).tolist()
        hour, hours = int(found.hour[row]), int(found.hours[row])
        hits, opportunities = int(found.hits[row]), int(found.opportunities[row])
        yield {
            "user_id": user,
            "pattern_type": "time_based",
            "workflow_id": workflow,
            "local_hour": hour,
            "hour_count": hours,
            "weekdays": weekdays,
            "description": f"You run {names[workflow]} {on_weekdays(weekdays)} "
            f"{between_hours(hour, hours)} ({hits:,} of {counted(opportunities, 'day')})",
            "confidence": float(found.confidence[row]),
            "hits": hits,
            "opportunities": opportunities,
            "p_value": float(found.p_value[row]),
            "q_value": float(q_value[row]),
            "evidence": {"expected_by_chance": round(float(found.expected[row]), 3)},
        }


def _sequence_rows(found: FollowUps, q_value: Floats, names: Names) -> Iterator[_Row]:
    confidence = wilson_bounds(found.hits, found.opportunities)[0]
    said = (
        (q_value <= FALSE_DISCOVERY_RATE)
        & (confidence >= _MIN_SEQUENCE_CONFIDENCE)
        & (found.hits >= _MIN_SEQUENCE_LIFT * found.expected)
    )
    chosen = np.flatnonzero(said)
    after = to_ids(found.after[chosen], found.workflows).to_pylist()
    rows = _with_ids(chosen, found, found.user, found.before)
    for (row, user, workflow), following in zip(rows, after, strict=True):
        hits, opportunities = int(found.hits[row]), int(found.opportunities[row])
        yield {
            "user_id": user,
            "pattern_type": "sequence",
            "workflow_id": workflow,
            "next_workflow_id": following,
            "description": f"After {names[workflow]} you run {names[following]} "
            f"({hits:,} of {counted(opportunities, 'time')})",
            "confidence": float(confidence[row]),
            "hits": hits,
            "opportunities": opportunities,
            "p_value": float(found.p_value[row]),
            "q_value": float(q_value[row]),
            "evidence": {"expected_by_chance": round(float(found.expected[row]), 3)},
        }


def _conditional_rows(found: FollowUps, q_value: Floats, names: Names) -> Iterator[_Row]:
    confidence = np.nan_to_num(wilson_bounds(found.failed_hits, found.failed)[0])
    said = (
        (q_value <= FALSE_DISCOVERY_RATE)
        & (found.failed_hits >= _MIN_HITS)
        & (confidence >= _MIN_CONDITIONAL_CONFIDENCE)
    )
    chosen = np.flatnonzero(said)
    after = to_ids(found.after[chosen], found.workflows).to_pylist()
    rows = _with_ids(chosen, found, found.user, found.before)
    for (row, user, workflow), following in zip(rows, after, strict=True):
        hits, failed = int(found.failed_hits[row]), int(found.failed[row])
        completed_hits, completed = int(found.completed_hits[row]), int(found.completed[row])
        yield {
            "user_id": user,
            "pattern_type": "conditional",
            "workflow_id": workflow,
            "next_workflow_id": following,
            "description": f"When {names[workflow]} fails you run {names[following]} "
            f"({hits:,} of {counted(failed, 'time')}; "
            f"after a success {completed_hits:,} of {completed:,})",
            "confidence": float(confidence[row]),
            "hits": hits,
            "opportunities": failed,
            "p_value": float(found.conditional_p_value[row]),
            "q_value": float(q_value[row]),
            "evidence": {
                "hits_after_success": completed_hits,
                "opportunities_after_success": completed,
            },
        }


def _with_ids(
    chosen: Ints, found: TimeWindows | FollowUps, user: Ints, workflow: Ints
) -> Iterator[tuple[int, str, str]]:
    users = to_ids(user[chosen], found.users).to_pylist()
    workflows = to_ids(workflow[chosen], found.workflows).to_pylist()
    return zip(chosen.tolist(), users, workflows, strict=True)


def _to_table(rows: list[_Row], as_of: date) -> pa.Table:
    rows.sort(key=lambda row: (row["user_id"], -row["confidence"], _subject(row)))
    subjects = [f"{row['user_id']}/{_subject(row)}" for row in rows]
    ids = hashed_ids(PATTERN_NAMESPACE, pa.array(subjects, pa.string())).to_pylist()
    for row, pattern_id in zip(rows, ids, strict=True):
        evidence = {"hits": row["hits"], "opportunities": row["opportunities"], **row["evidence"]}
        row |= {
            "pattern_id": pattern_id,
            "evidence": json.dumps(evidence, sort_keys=True),
            "as_of_date": as_of,
        }
    return pa.Table.from_pylist(rows, schema=USAGE_PATTERNS_SCHEMA)


def _subject(row: _Row) -> str:
    if row["pattern_type"] == "time_based":
        days = "".join(str(day) for day in row["weekdays"])
        detail = f"{row['local_hour']}-{row['hour_count']}-{days}"
    else:
        detail = row["next_workflow_id"]
    return f"{row['pattern_type']}/{row['workflow_id']}/{detail}"
