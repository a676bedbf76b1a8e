"""The inputs of insights as pandas frames whose rows say user and workflow by number.

Ids are numbered alike in all frames of a block of users, in the order of the ids; so frames are
joined and sorted on small numbers, and the text of an id is looked up only for insights.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
