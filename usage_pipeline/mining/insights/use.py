"""Insights from a user's own use: most_used, struggling, unused and costly."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import Ints, encode, floats, group, integers, to_ids
from usage_pipeline.mining.insights.records import Insight
from usage_pipeline.mining.insights.settings import InsightSettings
from usage_pipeline.mining.insights.wording import Names, counted, percent

_LISTED_WORKFLOWS = 20


def most_used(
    user_recent: pa.Table, favorites: pa.Table, names: Names, settings: InsightSettings
) -> Iterator[Insight]:
    """The workflow that each user ran most, unless it is a favourite already.

    Executions by people count; of equally frequent ones the one of the lesser id is meant.
    """
    executions = integers(user_recent, "people_execution_count")
    best = _best_of_user(user_recent, np.flatnonzero(executions > 0), [-executions])
    kept = _pairs(favorites)
    for user, workflow, row in best:
        if (user, workflow) in kept:
            continue
        count = int(executions[row])
        times = counted(count, "time")
        yield Insight(
            user_id=user,
            insight_type="most_used",
            workflow_id=workflow,
            message=f"You use {names[workflow]} the most "
            f"({times} in the last {settings.recent_days} days)",
            action="add_to_favorites",
            evidence={"people_execution_count": count, "days": settings.recent_days},
            score=float(np.log2(1 + count)),
            magnitude=count,
        )


def struggling(user_recent: pa.Table, names: Names, settings: InsightSettings) -> Iterator[Insight]:
    """The workflow with most failures among those that fail each user more often than not."""
    success, failure = (
        integers(user_recent, "success_count"),
        integers(user_recent, "failure_count"),
    )
    finished = success + failure
    fails = (finished > settings.struggling_min_finished) & (
        success < settings.struggling_max_success_rate * finished
    )
    for user, workflow, row in _best_of_user(
        user_recent, np.flatnonzero(fails), [-failure, success]
    ):
        failed, of_all = int(failure[row]), int(finished[row])
        yield Insight(
            user_id=user,
            insight_type="struggling",
            workflow_id=workflow,
            message=f"{names[workflow]} fails often ({failed:,} of {counted(of_all, 'time')} "
            f"in the last {settings.recent_days} days). Need help?",
            action="view_troubleshooting",
            evidence={
                "failure_count": failed,
                "success_count": int(success[row]),
                "success_rate": float(success[row] / finished[row]),
                "days": settings.recent_days,
            },
            score=float(failed),
            magnitude=failed,
        )


def unused(
    user_stats: pa.Table, names: Names, as_of: date, settings: InsightSettings
) -> Iterator[Insight]:
    """How many workflows each user has not used for long, and no machine has run for them."""
    limit = pa.scalar(as_of - timedelta(days=settings.unused_days), pa.date32())
    old = pc.less_equal(user_stats["last_used_date"].cast(pa.date32()), limit)
    by_people = pc.greater(user_stats["people_execution_count"], 0)
    table = user_stats.filter(pc.and_(old, by_people)).select(["user_id", "workflow_id"])
    user, workflow = encode(table, "user_id"), encode(table, "workflow_id")
    groups = group(user.codes, workflow.codes)
    ids = to_ids(workflow.codes[groups.first], workflow.values).to_pylist()
    of_user = group(user.codes[groups.first])
    users = to_ids(user.codes[groups.first][of_user.first], user.values).to_pylist()
    for user_id, start, count in zip(
        users, of_user.starts.tolist(), of_user.sizes.tolist(), strict=True
    ):
        what = names[ids[start]] if count == 1 else counted(count, "workflow")
        yield Insight(
            user_id=user_id,
            insight_type="unused",
            workflow_id=None,
            message=f"You haven't used {what} in {settings.unused_days}+ days",
            action="clean_up",
            evidence={
                "workflow_count": count,
                "workflow_ids": ids[start : start + min(count, _LISTED_WORKFLOWS)],
                "days": settings.unused_days,
            },
            score=0.25 * count,
            magnitude=count,
        )


def costly(user_recent: pa.Table, names: Names, settings: InsightSettings) -> Iterator[Insight]:
    """A workflow that makes up most of a user's costs and is among the dearest of all."""
    cost = np.nan_to_num(floats(user_recent, "total_cost"))
    executions = integers(user_recent, "execution_count")
    user = encode(user_recent, "user_id")
    size = len(user.values)
    of_user = np.bincount(user.codes, weights=cost, minlength=size)[user.codes]
    with_cost = np.bincount(user.codes, weights=cost > 0, minlength=size)[user.codes]
    if not (cost > 0).any():
        return
    dear = np.quantile(cost[cost > 0], settings.costly_quantile)
    chosen = (
        (with_cost >= 2)
        & (cost > dear)
        & (cost >= settings.costly_min_share * of_user)
        & (executions >= settings.costly_min_executions)
    )
    for user_id, workflow, row in _best_of_user(
        user_recent, np.flatnonzero(chosen), [-np.round(cost * 1e6).astype(np.int64)]
    ):
        share = float(cost[row] / of_user[row])
        yield Insight(
            user_id=user_id,
            insight_type="costly",
            workflow_id=workflow,
            message=f"{names[workflow]} cost {cost[row]:,.2f} in the last "
            f"{settings.recent_days} days: {percent(share)} of all your costs",
            action="view_costs",
            evidence={
                "total_cost": round(float(cost[row]), 6),
                "share_of_user_cost": share,
                "execution_count": int(executions[row]),
                "days": settings.recent_days,
            },
            score=0.25 * float(executions[row]),
            magnitude=float(cost[row]),
        )


def _best_of_user(
    table: pa.Table, rows: Ints, worst_first: list[Ints]
) -> Iterator[tuple[str, str, int]]:
    """The first row of each user by those keys, then by workflow id."""
    user, workflow = encode(table, "user_id"), encode(table, "workflow_id")
    keys = [workflow.codes[rows], *(key[rows] for key in reversed(worst_first)), user.codes[rows]]
    ordered = rows[np.lexsort(keys)]
    best = ordered[np.append(True, np.diff(user.codes[ordered]) != 0)] if len(ordered) else ordered
    users = to_ids(user.codes[best], user.values).to_pylist()
    workflows = to_ids(workflow.codes[best], workflow.values).to_pylist()
    yield from zip(users, workflows, best.tolist(), strict=True)


def _pairs(table: pa.Table) -> set[tuple[str, str]]:
    users = table["user_id"].cast(pa.string()).to_pylist()
    return set(zip(users, table["workflow_id"].cast(pa.string()).to_pylist(), strict=True))
