"""The record of an insight: its columns, its id, and the rows that rules make of findings."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pyarrow as pa

from usage_pipeline.identity import hashed_ids, source_namespace

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """Something worth telling a user.

    Attributes:
        user_id: to whom.
        insight_type: one of `INSIGHT_TYPES`.
        workflow_id: the workflow that it is about, if it is about one.
        message: what to say.
        action: what can be done about it.
        evidence: the numbers behind the message.
        score: what it is worth, in executions a month.
        magnitude: the number that tells how strong it is.
        fingerprint: what else makes it another insight if it changes.
        subject: what its id is made of beside user and type; the workflow if not given.
    """

    user_id: str
    insight_type: str
    workflow_id: str | None
    message: str
    action: str
    evidence: dict[str, object]
    score: float
    magnitude: float
    fingerprint: str = ""
    subject: str | None = field(default=None)


def to_table(insights: Iterable[Insight], as_of: date) -> pa.Table:
    """The insights in `FOUND_INSIGHTS_SCHEMA`, by user, then the greatest score."""
    rows = list(insights)
    names = [f"{i.user_id}/{i.insight_type}/{i.subject or i.workflow_id or ''}" for i in rows]
    table = pa.Table.from_arrays(
        [
            hashed_ids(INSIGHT_NAMESPACE, pa.array(names, pa.string())),
            pa.array([i.user_id for i in rows], pa.string()),
            pa.array([i.insight_type for i in rows], pa.string()),
            pa.array([i.workflow_id for i in rows], pa.string()),
            pa.array([i.message for i in rows], pa.string()),
            pa.array([i.action for i in rows], pa.string()),
            pa.array([json.dumps(i.evidence, sort_keys=True) for i in rows], pa.string()),
            pa.array([i.score for i in rows], pa.float64()),
            pa.array([i.magnitude for i in rows], pa.float64()),
            pa.array([i.fingerprint for i in rows], pa.string()),
            pa.array([as_of] * len(rows), pa.date32()),
        ],
        schema=FOUND_INSIGHTS_SCHEMA,
    )
    return table.sort_by(
        [("user_id", "ascending"), ("score", "descending"), ("insight_id", "ascending")]
    )
