"""The record of an insight: its columns, its id, and the rows that rules make of findings."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from usage_pipeline.identity import hashed_ids, source_namespace
from usage_pipeline.mining.insights.frames import UserFrames

INSIGHT_NAMESPACE: Final = source_namespace("mining:insight")
"""The namespace of insight ids, which are UUIDv5 of `user/type/subject`; the subject is a workflow,
a sequence or nothing."""

INSIGHT_TYPES: Final = (
    "most_used",
    "struggling",
    "unused",
    "automate_sequence",
    "schedule_it",
    "reliability_drop",
    "slower",
    "costly",
    "abandoned_by_team",
    "try_this",
)

FOUND_INSIGHTS_SCHEMA = pa.schema(
    [
        pa.field("insight_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("insight_type", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string()),
        pa.field("message", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("magnitude", pa.float64(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("as_of_date", pa.date32(), nullable=False),
    ]
)
"""One row per insight that is true tonight.

`evidence` is a JSON object; `score` is what it is worth to the user, in executions a month that it
would save or mend; `magnitude` is the number that must grow, and `fingerprint` the fact that must
change, for the evidence to have changed materially."""

_SCHEMA_OF_RULES = pa.schema([f for f in FOUND_INSIGHTS_SCHEMA if f.name != "as_of_date"])


def insights(
    insight_type: str,
    action: str,
    *,
    users: Sequence[str],
    workflows: Sequence[str | None],
    messages: Sequence[str],
    evidence: Iterable[dict[str, object]],
    score: Any,
    magnitude: Any,
    subjects: Sequence[str] | None = None,
    fingerprints: Sequence[str] | None = None,
) -> pa.Table:
    """The findings of one rule: a record each, all columns of the same length.

    Args:
        insight_type: one of `INSIGHT_TYPES`.
        action: what can be done about it.
        users: to whom.
        workflows: the workflow that it is about, if it is about one.
        messages: what to say.
        evidence: the numbers behind the message.
        score: what it is worth, in executions a month.
        magnitude: the number that tells how strong it is.
        subjects: what its id is made of beside user and type, if that is not the workflow.
        fingerprints: what else makes it another insight if it changes.
    """
    size = len(users)
    of_id = subjects if subjects is not None else [each or "" for each in workflows]
    names = [f"{user}/{insight_type}/{each}" for user, each in zip(users, of_id, strict=True)]
    columns = [
        hashed_ids(INSIGHT_NAMESPACE, pa.array(names, pa.string())),
        users,
        [insight_type] * size,
        workflows,
        messages,
        [action] * size,
        [json.dumps(each, sort_keys=True) for each in evidence],
        np.asarray(score, dtype=np.float64),
        np.asarray(magnitude, dtype=np.float64),
        [""] * size if fingerprints is None else fingerprints,
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _SCHEMA_OF_RULES, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA_OF_RULES)


def texts(values: Sequence[str], numbers: pd.Series) -> list[str]:
    """The text of each number."""
    return [values[number] for number in numbers.tolist()]


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame, each with its columns as attributes."""
    return list(frame.itertuples(index=False))


def named_rows(frames: UserFrames, rows: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Each row with the name of its workflow."""
    return zip(texts(frames.names, rows["workflow"]), rows_of(rows), strict=True)


def all_insights(tables: Iterable[pa.Table], as_of: date) -> pa.Table:
    """The findings of all rules in `FOUND_INSIGHTS_SCHEMA`, by user, then the greatest score."""
    table = pa.concat_tables([_SCHEMA_OF_RULES.empty_table(), *tables])
    today = pa.repeat(pa.scalar(as_of, pa.date32()), table.num_rows)
    return table.append_column(FOUND_INSIGHTS_SCHEMA.field("as_of_date"), today).sort_by(
        [("user_id", "ascending"), ("score", "descending"), ("insight_id", "ascending")]
    )
