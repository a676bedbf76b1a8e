"""Insights from a workflow's change for the worse: reliability_drop and slower.

The change is that of the workflow for all its users, because one user's runs are rarely enough to
tell a change from chance. It is told to those who run it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from usage_pipeline.mining.columns import Floats, Ints, Mask, encode, integers
from usage_pipeline.mining.insights.records import UserFrames, insights, named_rows, rows_of, texts
from usage_pipeline.mining.insights.wording import duration, percent
from usage_pipeline.mining.settings import InsightSettings
from usage_pipeline.mining.statistics import (
    FALSE_DISCOVERY_RATE,
    fisher_tail,
    q_values,
    rank_sum_tail,
)
from usage_pipeline.terms import DURATION_BUCKET_BASE

_WEIGHT_OF_SLOWNESS = 0.5


def drops(workflow_changes: pa.Table, settings: InsightSettings) -> pd.DataFrame:
    """Workflows whose success rate fell significantly.

    Returns:
        workflow (its id), before, after (success rates), p_value, before_count, after_count.
    """
    frame: pd.DataFrame = workflow_changes.drop_columns("workflow_id").to_pandas().fillna(0)
    frame["workflow"] = _ids(workflow_changes)
    frame["after_count"] = frame["recent_success_count"] + frame["recent_failure_count"]
    frame["before_count"] = frame["previous_success_count"] + frame["previous_failure_count"]
    least = settings.change_min_executions
    frame = frame[(frame["after_count"] >= least) & (frame["before_count"] >= least)]
    failed = frame["recent_failure_count"] + frame["previous_failure_count"]
    runs = frame["after_count"] + frame["before_count"]
    columns = (frame["recent_failure_count"], frame["after_count"], failed, runs)
    frame["p_value"] = fisher_tail(*(column.to_numpy() for column in columns))
    frame["before"] = frame["previous_success_count"] / frame["before_count"]
    frame["after"] = frame["recent_success_count"] / frame["after_count"]
    fallen = frame["before"] - frame["after"] >= settings.min_success_rate_drop
    return frame.loc[_is_sure(frame["p_value"].to_numpy()) & fallen, _CHANGE]


def slowdowns(workflow_durations: pa.Table, settings: InsightSettings) -> pd.DataFrame:
    """Workflows whose runs take significantly and much longer.

    Returns:
        workflow (its id), before, after (medians), p_value, before_count, after_count.
    """
    sides = _histograms(workflow_durations, settings.change_min_executions)
    frame = pd.DataFrame(
        {
            "workflow": sides.workflow_ids,
            "before": _medians(sides.previous, sides.buckets),
            "after": _medians(sides.recent, sides.buckets),
            "p_value": rank_sum_tail(sides.recent, sides.previous),
            "before_count": sides.previous.sum(axis=1),
            "after_count": sides.recent.sum(axis=1),
        }
    )
    slower_now = frame["after"] >= settings.min_slowdown * frame["before"]
    return frame[_is_sure(frame["p_value"].to_numpy()) & slower_now]


def reliability_drop(
    frames: UserFrames, changes: pd.DataFrame, settings: InsightSettings
) -> pa.Table:
    """Tell a fall of the success rate (`drops`) to those who run the workflow."""
    audience = _users_concerned(frames, changes, settings)
    return insights(
        "reliability_drop",
        "view_failures",
        users=texts(frames.user_ids, audience["user"]),
        workflows=texts(frames.workflow_ids, audience["workflow"]),
        messages=[
            f"{name} has become less reliable: {percent(row.after)} of all runs succeeded in the "
            f"last {settings.change_days} days, {percent(row.before)} in the "
            f"{settings.change_previous_days} days before"
            for name, row in named_rows(frames, audience)
        ],
        evidence=[
            {
                "success_rate": row.after,
                "sample_size": int(row.after_count),
                "days": settings.change_days,
                "previous_success_rate": row.before,
                "previous_sample_size": int(row.before_count),
                "previous_days": settings.change_previous_days,
                "p_value": row.p_value,
            }
            for row in rows_of(audience)
        ],
        score=(audience["before"] - audience["after"]) * audience["people_execution_count"],
        magnitude=audience["before"] - audience["after"],
    )


def slower(frames: UserFrames, changes: pd.DataFrame, settings: InsightSettings) -> pa.Table:
    """Tell a slowdown (`slowdowns`) to those who run the workflow."""
    audience = _users_concerned(frames, changes, settings)
    return insights(
        "slower",
        "view_durations",
        users=texts(frames.user_ids, audience["user"]),
        workflows=texts(frames.workflow_ids, audience["workflow"]),
        messages=[
            f"{name} has become slower: half of all runs took more than {duration(row.after)} in "
            f"the last {settings.change_days} days, {duration(row.before)} in the "
            f"{settings.change_previous_days} days before"
            for name, row in named_rows(frames, audience)
        ],
        evidence=[
            {
                "median_duration_ms": row.after,
                "duration_count": row.after_count,
                "days": settings.change_days,
                "previous_median_duration_ms": row.before,
                "previous_duration_count": row.before_count,
                "previous_days": settings.change_previous_days,
                "p_value": row.p_value,
            }
            for row in rows_of(audience)
        ],
        score=_WEIGHT_OF_SLOWNESS
        * (1 - audience["before"] / audience["after"])
        * audience["people_execution_count"],
        magnitude=audience["after"] / audience["before"],
    )


_CHANGE = ["workflow", "before", "after", "p_value", "before_count", "after_count"]


def _is_sure(p_value: Floats) -> Mask:
    return q_values(p_value) <= FALSE_DISCOVERY_RATE


def _ids(table: pa.Table) -> list[str]:
    ids: list[str] = table["workflow_id"].cast(pa.string()).to_pylist()
    return ids


def _users_concerned(
    frames: UserFrames, changes: pd.DataFrame, settings: InsightSettings
) -> pd.DataFrame:
    """Who runs one of these workflows, and how often of late."""
    recent = frames.recent[["user", "workflow", "people_execution_count"]]
    recent = recent[recent["people_execution_count"] >= settings.change_min_user_executions]
    return recent.merge(frames.number_workflows(changes), on="workflow")


@dataclass(frozen=True, slots=True)
class _Histograms:
    """Counts by workflow and bucket on both sides; `buckets` are the columns."""

    workflow_ids: list[str]
    buckets: Ints
    recent: Ints
    previous: Ints


def _histograms(table: pa.Table, least: int) -> _Histograms:
    """The histograms of the workflows with enough durations on both sides."""
    workflow = encode(table, "workflow_id")
    bucket = integers(table, "duration_bucket")
    sides = [integers(table, "recent_count"), integers(table, "previous_count")]
    size = len(workflow.values)
    totals = [np.bincount(workflow.codes, weights=side, minlength=size) for side in sides]
    enough = (totals[0] >= least) & (totals[1] >= least)
    kept = enough[workflow.codes]
    row = (np.cumsum(enough) - 1)[workflow.codes[kept]]
    buckets, column = np.unique(bucket[kept], return_inverse=True)
    matrices = [np.zeros((int(enough.sum()), len(buckets)), dtype=np.int64) for _ in sides]
    for matrix, side in zip(matrices, sides, strict=True):
        np.add.at(matrix, (row, column), side[kept])
    ids = workflow.values.filter(pa.array(enough)).to_pylist()
    return _Histograms(ids, buckets, *matrices)


def _medians(counts: Ints, buckets: Ints) -> Floats:
    """The geometric middle of the first bucket that brings the count to half of all; 0 for 0 ms."""
    if counts.size == 0:
        return np.zeros(len(counts))
    reached = 2 * np.cumsum(counts, axis=1) >= counts.sum(axis=1, keepdims=True)
    bucket = buckets[reached.argmax(axis=1)]
    middle = np.where(bucket < 0, 0.0, DURATION_BUCKET_BASE ** (bucket + 0.5))
    return np.asarray(middle, dtype=np.float64)
