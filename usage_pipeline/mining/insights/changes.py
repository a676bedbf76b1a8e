"""Insights from a workflow's change for the worse: reliability_drop and slower.

The change is that of the workflow for all its users, because one user's runs are rarely enough to
tell a change from chance. It is told to those who run it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import Floats, Ints, Mask, encode, integers
from usage_pipeline.mining.insights.records import Insight
from usage_pipeline.mining.insights.settings import InsightSettings
from usage_pipeline.mining.insights.wording import Names, duration, percent
from usage_pipeline.mining.statistics import (
    FALSE_DISCOVERY_RATE,
    benjamini_hochberg,
    fisher_tail,
    rank_sum_tail,
)
from usage_pipeline.terms import DURATION_BUCKET_BASE

_WEIGHT_OF_SLOWNESS = 0.5


@dataclass(frozen=True, slots=True)
class _Change:
    before: float
    after: float
    p_value: float
    before_count: int
    after_count: int


def reliability_drop(
    workflow_changes: pa.Table, user_recent: pa.Table, names: Names, settings: InsightSettings
) -> Iterator[Insight]:
    """Workflows whose success rate fell significantly, for those who run them."""
    new_success = integers(workflow_changes, "recent_success_count")
    new = new_success + integers(workflow_changes, "recent_failure_count")
    old_success = integers(workflow_changes, "previous_success_count")
    old = old_success + integers(workflow_changes, "previous_failure_count")
    least = settings.change_min_executions
    row = np.flatnonzero((new >= least) & (old >= least))
    new_failed, failed = (new - new_success)[row], (new - new_success + old - old_success)[row]
    p_value = fisher_tail(new_failed, new[row], failed, (new + old)[row])
    drop = old_success[row] / old[row] - new_success[row] / new[row]
    said = _is_said(p_value) & (drop >= settings.min_success_rate_drop)
    ids = workflow_changes["workflow_id"].cast(pa.string()).take(pa.array(row[said])).to_pylist()
    changes = {
        workflow: _Change(
            before=float(old_success[at] / old[at]),
            after=float(new_success[at] / new[at]),
            p_value=float(p),
            before_count=int(old[at]),
            after_count=int(new[at]),
        )
        for workflow, at, p in zip(ids, row[said].tolist(), p_value[said].tolist(), strict=True)
    }
    for user, workflow, executions in _users_concerned(user_recent, changes, settings):
        change = changes[workflow]
        yield Insight(
            user_id=user,
            insight_type="reliability_drop",
            workflow_id=workflow,
            message=f"{names[workflow]} has become less reliable: {percent(change.after)} of all "
            f"runs succeeded in the last {settings.change_days} days, {percent(change.before)} in "
            f"the {settings.change_previous_days} days before",
            action="view_failures",
            evidence={
                "success_rate": change.after,
                "sample_size": change.after_count,
                "days": settings.change_days,
                "previous_success_rate": change.before,
                "previous_sample_size": change.before_count,
                "previous_days": settings.change_previous_days,
                "p_value": change.p_value,
            },
            score=(change.before - change.after) * executions,
            magnitude=change.before - change.after,
        )


def slower(
    workflow_durations: pa.Table, user_recent: pa.Table, names: Names, settings: InsightSettings
) -> Iterator[Insight]:
    """Workflows whose runs take significantly and much longer, for those who run them."""
    found = _histograms(workflow_durations, settings.change_min_executions)
    p_value = rank_sum_tail(found.recent, found.previous)
    new, old = _medians(found.recent, found.buckets), _medians(found.previous, found.buckets)
    said = _is_said(p_value) & (new >= settings.min_slowdown * old)
    changes = {
        found.workflow_ids[at]: _Change(
            before=float(old[at]),
            after=float(new[at]),
            p_value=float(p_value[at]),
            before_count=int(found.previous[at].sum()),
            after_count=int(found.recent[at].sum()),
        )
        for at in np.flatnonzero(said).tolist()
    }
    for user, workflow, executions in _users_concerned(user_recent, changes, settings):
        change = changes[workflow]
        yield Insight(
            user_id=user,
            insight_type="slower",
            workflow_id=workflow,
            message=f"{names[workflow]} has become slower: half of all runs took more than "
            f"{duration(change.after)} in the last {settings.change_days} days, "
            f"{duration(change.before)} in the {settings.change_previous_days} days before",
            action="view_durations",
            evidence={
                "median_duration_ms": change.after,
                "duration_count": change.after_count,
                "days": settings.change_days,
                "previous_median_duration_ms": change.before,
                "previous_duration_count": change.before_count,
                "previous_days": settings.change_previous_days,
                "p_value": change.p_value,
            },
            score=_WEIGHT_OF_SLOWNESS * (1 - change.before / change.after) * executions,
            magnitude=change.after / change.before,
        )


def _is_said(p_value: Floats) -> Mask:
    return benjamini_hochberg(p_value) <= FALSE_DISCOVERY_RATE


def _users_concerned(
    user_recent: pa.Table, changes: dict[str, _Change], settings: InsightSettings
) -> Iterator[tuple[str, str, int]]:
    """Who runs one of these workflows, and how often of late."""
    executions = integers(user_recent, "people_execution_count")
    ids = user_recent["workflow_id"].cast(pa.string())
    concerned = pc.is_in(ids, value_set=pa.array(list(changes), pa.string())).to_numpy()
    row = np.flatnonzero(concerned & (executions >= settings.change_min_user_executions))
    chosen = user_recent.take(pa.array(row))
    users = chosen["user_id"].cast(pa.string()).to_pylist()
    workflows = ids.take(pa.array(row)).to_pylist()
    yield from zip(users, workflows, executions[row].tolist(), strict=True)


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
    """The geometric middle of the first bucket that brings the count to half of all."""
    if counts.size == 0:
        return np.zeros(len(counts))
    reached = 2 * np.cumsum(counts, axis=1) >= counts.sum(axis=1, keepdims=True)
    middle = buckets[reached.argmax(axis=1)] + 0.5
    return np.asarray(DURATION_BUCKET_BASE**middle, dtype=np.float64)
