"""The tables of insights: the frames that rules read, and the records that they write.

In frames, rows say user and workflow by number. Ids are numbered alike in all frames of a block of
users, in the order of the ids; so frames are joined and sorted on small numbers, and the text of an
id is looked up only for insights.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.identity import hashed_ids, source_namespace
from usage_pipeline.mining.columns import Ints, code_of
from usage_pipeline.mining.insights.wording import Names

PAIR = ["user", "workflow"]


@dataclass(frozen=True, slots=True)
class UserFrames:
    """The tables of `find.InsightInputs` for some users.

    Every frame has the columns `user` and `workflow` in place of ids. `user_ids`, `workflow_ids`
    and `names` give the text of each number.
    """

    user_ids: list[str]
    workflow_ids: list[str]
    names: list[str]
    stats: pd.DataFrame
    recent: pd.DataFrame
    abandoned: pd.DataFrame
    favourites: pd.DataFrame
    patterns: pd.DataFrame

    @classmethod
    def of(
        cls,
        names: Names,
        *,
        user_stats: pa.Table,
        user_recent: pa.Table,
        user_abandoned: pa.Table,
        favourites: pa.Table,
        patterns: pa.Table,
    ) -> "UserFrames":
        """Number the ids of all tables together."""
        tables = [user_stats, user_recent, user_abandoned, favourites, patterns]
        users, workflows = (_distinct(tables, name) for name in ("user_id", "workflow_id"))
        stats, recent, abandoned, favourite_pairs, pattern_rows = (
            _numbered(table, users, workflows) for table in tables
        )
        workflow_ids = workflows.to_pylist()
        return cls(
            user_ids=users.to_pylist(),
            workflow_ids=workflow_ids,
            names=[names[workflow] for workflow in workflow_ids],
            stats=stats,
            recent=recent,
            abandoned=abandoned,
            favourites=favourite_pairs,
            patterns=pattern_rows,
        )

    def numbers(self, workflow_ids: pd.Series) -> Ints:
        """The numbers of workflow ids, -1 for those that these users lack."""
        numbers = pd.Index(self.workflow_ids, dtype="str").get_indexer(pd.Index(workflow_ids))
        return np.asarray(numbers, dtype=np.int64)

    def number_workflows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of these users' workflows, with numbers in place of the ids in `workflow`."""
        numbered = frame.assign(workflow=self.numbers(frame["workflow"]))
        return numbered[numbered["workflow"] >= 0]


def without(frame: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The rows whose user and workflow are not among the pairs."""
    marked = frame.merge(pairs[PAIR].drop_duplicates(), how="left", on=PAIR, indicator="found")
    return marked[marked["found"] == "left_only"].drop(columns="found")


def _distinct(tables: list[pa.Table], name: str) -> pa.Array:
    ids = [pc.unique(table[name]).cast(pa.string()) for table in tables]
    distinct = pc.unique(pa.chunked_array(ids, pa.string()))
    return distinct.take(pc.sort_indices(distinct))


def _numbered(table: pa.Table, users: pa.Array, workflows: pa.Array) -> pd.DataFrame:
    """The table in the order of user and workflow, whatever the order in which it was read."""
    frame: pd.DataFrame = table.drop_columns(["user_id", "workflow_id"]).to_pandas()
    frame["user"] = code_of(users, table["user_id"]).astype(np.int32)
    frame["workflow"] = code_of(workflows, table["workflow_id"]).astype(np.int32)
    return frame.sort_values(PAIR, kind="stable", ignore_index=True)


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
