"""Usage patterns: what a user does regularly, how sure that is, and in which words.

All candidates of all three types are tested together, which limits the share of chance among the
patterns; `sequences/follow_ups` and `time` say what chance means. Candidates come from a block of
users at a time, and become patterns once the tests of all users are complete.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from usage_pipeline.identity import hashed_ids, source_namespace
from usage_pipeline.mining.columns import Floats, Ints, Mask, lists_of, to_ids
from usage_pipeline.mining.insights.wording import Names, between_hours, counted, on_weekdays
from usage_pipeline.mining.patterns.time import TimeWindows, find_time_windows
from usage_pipeline.mining.sequences.follow_ups import FollowUps, find_follow_ups
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE, QValues, wilson_bounds

PATTERN_NAMESPACE: Final = source_namespace("mining:pattern")
"""The namespace of pattern ids, which are UUIDv5 of `user/type/workflow/next workflow`, or of
`user/type/workflow/hour-hours-weekdays`."""

_WEEKDAYS = pa.list_(pa.field("item", pa.int16()))

USAGE_PATTERNS_SCHEMA = pa.schema(
    [
        pa.field("pattern_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("pattern_type", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("next_workflow_id", pa.string()),
        pa.field("local_hour", pa.int16()),
        pa.field("hour_count", pa.int16()),
        pa.field("weekdays", _WEEKDAYS),
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

CANDIDATES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("pattern_type", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("next_workflow_id", pa.string()),
        pa.field("local_hour", pa.int16()),
        pa.field("hour_count", pa.int16()),
        pa.field("weekdays", _WEEKDAYS),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("hits", pa.int64(), nullable=False),
        pa.field("opportunities", pa.int64(), nullable=False),
        pa.field("p_value", pa.float64(), nullable=False),
        pa.field("expected", pa.float64()),
        pa.field("completed_hits", pa.int64()),
        pa.field("completed", pa.int64()),
    ]
)
"""One row per pattern that is one if the tests of all users say so. `expected` are the hits that
chance would have; `completed_hits` of `completed` is what came after successes (conditional)."""

# A pattern that came true fewer times than this is an anecdote, however sure the test is.
_MIN_HITS: Final = 5
# The least Wilson lower bounds. An hour that is right on fewer than half of its days helps nobody
# to plan. A follow-up is news much earlier, for many workflows could follow; a reaction to a
# failure lies between the two.
_MIN_TIME_CONFIDENCE: Final = 0.5
_MIN_SEQUENCE_CONFIDENCE: Final = 0.05
_MIN_CONDITIONAL_CONFIDENCE: Final = 0.3
# How many times as often as by chance: with many days a small preference is certain, but not a
# habit.
_MIN_TIME_LIFT: Final = 1.6
_MIN_SEQUENCE_LIFT: Final = 1.3


@dataclass(frozen=True, slots=True)
class PatternTests:
    """The results of the tests of some users.

    Attributes:
        candidates: `CANDIDATES_SCHEMA`, by type.
        p_values: of all tests that may be discoveries.
        tested: how many tests there were.
    """

    candidates: pa.Table
    p_values: Floats
    tested: int


def find_patterns(
    transitions: pa.Table,
    step_counts: pa.Table,
    hours: pa.Table,
    as_of: date,
    *,
    window_days: int = 90,
    everyone: Ints | None = None,
) -> PatternTests:
    """Test what some users may do regularly.

    Args:
        transitions: `transitions.TRANSITIONS_SCHEMA`; days outside of the window do not count.
        step_counts: `transitions.STEP_COUNTS_SCHEMA` of the same days.
        hours: `hours.HOURS_SCHEMA` of the same days.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        everyone: the executions of all users by local hour, as in `time.find_time_windows`.
    """
    follow_ups = find_follow_ups(
        transitions, step_counts, as_of, window_days=window_days, min_hits=_MIN_HITS
    )
    windows = find_time_windows(
        hours,
        as_of,
        window_days=window_days,
        min_hits=_MIN_HITS,
        min_confidence=_MIN_TIME_CONFIDENCE,
        everyone=everyone,
    )
    tables = [_at_times(windows), _in_sequence(follow_ups), _after_failures(follow_ups)]
    p_values = [windows.p_value, follow_ups.p_value, follow_ups.conditional_p_value]
    tested = windows.tested + follow_ups.tested + follow_ups.conditional_tested
    return PatternTests(pa.concat_tables(tables), np.concatenate(p_values), tested)


def tell_patterns(candidates: pa.Table, tests: QValues, names: Names, as_of: date) -> pa.Table:
    """Put into words the candidates that the tests of all users tell from chance.

    Args:
        candidates: `CANDIDATES_SCHEMA`.
        tests: all tests of all users.
        names: of the workflows.
        as_of: the last day of the window.

    Returns:
        Rows in `USAGE_PATTERNS_SCHEMA`, by user, then the greatest confidence.
    """
    frame = candidates.to_pandas(types_mapper=pd.ArrowDtype)
    frame["q_value"] = tests.of(frame["p_value"].to_numpy(np.float64))
    frame = frame[frame["q_value"] <= FALSE_DISCOVERY_RATE]
    rows: list[Any] = list(frame.itertuples(index=False))
    subjects = [f"{row.user_id}/{_subject(row)}" for row in rows]
    frame = frame.assign(
        pattern_id=_texts(hashed_ids(PATTERN_NAMESPACE, pa.array(subjects, pa.string()))),
        subject=_texts(subjects),
        description=_texts([_description(row, names) for row in rows]),
        evidence=_texts([_evidence(row) for row in rows]),
        as_of_date=as_of,
    ).sort_values(["user_id", "confidence", "subject"], ascending=[True, False, True])
    table = pa.Table.from_pandas(frame, USAGE_PATTERNS_SCHEMA, preserve_index=False)
    return table.replace_schema_metadata()


def _texts(values: Any) -> Any:
    """Texts as a column that is one of texts even where it is empty."""
    return pd.array(values, dtype=pd.ArrowDtype(pa.string()))


def _at_times(windows: TimeWindows) -> pa.Table:
    selection = (windows.p_value <= FALSE_DISCOVERY_RATE) & (
        windows.hits >= _MIN_TIME_LIFT * windows.expected
    )
    weekdays = windows.weekdays[selection]
    return _table(
        "time_based",
        user_id=to_ids(windows.user[selection], windows.users),
        workflow_id=to_ids(windows.workflow[selection], windows.workflows),
        local_hour=windows.hour[selection],
        hour_count=windows.hours[selection],
        weekdays=lists_of(
            pa.array(np.nonzero(weekdays)[1].astype(np.int16)), weekdays.sum(axis=1)
        ).cast(_WEEKDAYS),
        confidence=windows.confidence[selection],
        hits=windows.hits[selection],
        opportunities=windows.opportunities[selection],
        p_value=windows.p_value[selection],
        expected=windows.expected[selection],
    )


def _in_sequence(pairs: FollowUps) -> pa.Table:
    confidence = wilson_bounds(pairs.hits, pairs.opportunities)[0]
    selection = (
        (pairs.p_value <= FALSE_DISCOVERY_RATE)
        & (confidence >= _MIN_SEQUENCE_CONFIDENCE)
        & (pairs.hits >= _MIN_SEQUENCE_LIFT * pairs.expected)
    )
    return _table(
        "sequence",
        **_ids(pairs, selection),
        confidence=confidence[selection],
        hits=pairs.hits[selection],
        opportunities=pairs.opportunities[selection],
        p_value=pairs.p_value[selection],
        expected=pairs.expected[selection],
    )


def _after_failures(pairs: FollowUps) -> pa.Table:
    confidence = np.nan_to_num(wilson_bounds(pairs.failed_hits, pairs.failed)[0])
    selection = (
        (pairs.conditional_p_value <= FALSE_DISCOVERY_RATE)
        & (pairs.failed_hits >= _MIN_HITS)
        & (confidence >= _MIN_CONDITIONAL_CONFIDENCE)
    )
    return _table(
        "conditional",
        **_ids(pairs, selection),
        confidence=confidence[selection],
        hits=pairs.failed_hits[selection],
        opportunities=pairs.failed[selection],
        p_value=pairs.conditional_p_value[selection],
        completed_hits=pairs.completed_hits[selection],
        completed=pairs.completed[selection],
    )


def _ids(pairs: FollowUps, selection: Mask) -> dict[str, pa.Array]:
    return {
        "user_id": to_ids(pairs.user[selection], pairs.users),
        "workflow_id": to_ids(pairs.before[selection], pairs.workflows),
        "next_workflow_id": to_ids(pairs.after[selection], pairs.workflows),
    }


def _table(pattern_type: str, **columns: Any) -> pa.Table:
    """Candidates of one type; columns that it does not have are null."""
    size = len(columns["p_value"])
    columns["pattern_type"] = [pattern_type] * size
    return pa.Table.from_arrays(
        [
            pa.array(columns[field.name]).cast(field.type)
            if field.name in columns
            else pa.nulls(size, field.type)
            for field in CANDIDATES_SCHEMA
        ],
        schema=CANDIDATES_SCHEMA,
    )


def _description(row: Any, names: Names) -> str:
    name = names[row.workflow_id]
    if row.pattern_type == "time_based":
        when = f"{on_weekdays(row.weekdays)} {between_hours(row.local_hour, row.hour_count)}"
        return f"You run {name} {when} ({row.hits:,} of {counted(row.opportunities, 'day')})"
    following, times = names[row.next_workflow_id], counted(row.opportunities, "time")
    if row.pattern_type == "sequence":
        return f"After {name} you run {following} ({row.hits:,} of {times})"
    return (
        f"When {name} fails you run {following} ({row.hits:,} of {times}; "
        f"after a success {row.completed_hits:,} of {row.completed:,})"
    )


def _evidence(row: Any) -> str:
    evidence = {"hits": row.hits, "opportunities": row.opportunities}
    if row.pattern_type == "conditional":
        evidence["hits_after_success"] = row.completed_hits
        evidence["opportunities_after_success"] = row.completed
    else:
        evidence["expected_by_chance"] = round(row.expected, 3)
    return json.dumps(evidence, sort_keys=True)


def _subject(row: Any) -> str:
    detail = row.next_workflow_id
    if row.pattern_type == "time_based":
        weekdays = "".join(str(day) for day in row.weekdays)
        detail = f"{row.local_hour}-{row.hour_count}-{weekdays}"
    return f"{row.pattern_type}/{row.workflow_id}/{detail}"
