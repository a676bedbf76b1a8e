"""Insights from a user's own use: most_used, struggling, unused and costly."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from usage_pipeline.mining.insights.records import (
    UserFrames,
    insights,
    named_rows,
    rows_of,
    texts,
    without,
)
from usage_pipeline.mining.insights.wording import counted, percent
from usage_pipeline.mining.settings import InsightSettings

_LISTED_WORKFLOWS = 20


def most_used(frames: UserFrames, settings: InsightSettings) -> pa.Table:
    """The workflow that each user ran most, unless it is a favourite already.

    Executions by people count; of equally frequent ones the one of the lesser id is meant.
    """
    used = frames.recent[frames.recent["people_execution_count"] > 0]
    best = _first_of_user(used, people_execution_count=False)
    best = without(best, frames.favourites)
    counts = best["people_execution_count"].astype(np.int64)
    return insights(
        "most_used",
        "add_to_favorites",
        users=texts(frames.user_ids, best["user"]),
        workflows=texts(frames.workflow_ids, best["workflow"]),
        messages=[
            f"You use {name} the most "
            f"({counted(row.people_execution_count, 'time')} in the last "
            f"{settings.recent_days} days)"
            for name, row in named_rows(frames, best)
        ],
        evidence=[
            {"people_execution_count": count, "days": settings.recent_days}
            for count in counts.tolist()
        ],
        score=np.log2(1 + counts),
        magnitude=counts,
    )


def struggling(frames: UserFrames, settings: InsightSettings) -> pa.Table:
    """The workflow with most failures among those that fail each user more often than not."""
    recent = frames.recent
    recent = recent.assign(finished=recent["success_count"] + recent["failure_count"])
    fails = recent[
        (recent["finished"] > settings.struggling_min_finished)
        & (recent["success_count"] < settings.struggling_max_success_rate * recent["finished"])
    ]
    worst = _first_of_user(fails, failure_count=False, success_count=True)
    return insights(
        "struggling",
        "view_troubleshooting",
        users=texts(frames.user_ids, worst["user"]),
        workflows=texts(frames.workflow_ids, worst["workflow"]),
        messages=[
            f"{name} fails often ({row.failure_count:,} of {counted(row.finished, 'time')} "
            f"in the last {settings.recent_days} days). Need help?"
            for name, row in named_rows(frames, worst)
        ],
        evidence=[
            {
                "failure_count": row.failure_count,
                "success_count": row.success_count,
                "success_rate": row.success_count / row.finished,
                "days": settings.recent_days,
            }
            for row in rows_of(worst)
        ],
        score=worst["failure_count"],
        magnitude=worst["failure_count"],
    )


def unused(frames: UserFrames, as_of: date, settings: InsightSettings) -> pa.Table:
    """How many workflows have rested for long: run by neither the user nor a machine for them."""
    limit = as_of - timedelta(days=settings.unused_days)
    last_used = pd.to_datetime(frames.stats["last_used_date"])
    is_old = (last_used <= pd.Timestamp(limit)) & (frames.stats["people_execution_count"] > 0)
    old = frames.stats.loc[is_old, ["user", "workflow"]].drop_duplicates()
    of_user = old.reset_index().groupby("user")["workflow"].agg(["size", "first"]).reset_index()
    ids = texts(frames.workflow_ids, old["workflow"])
    counts = of_user["size"].tolist()
    starts = (of_user["size"].cumsum() - of_user["size"]).tolist()
    return insights(
        "unused",
        "clean_up",
        users=texts(frames.user_ids, of_user["user"]),
        workflows=[None] * len(of_user),
        messages=[
            f"You haven't used {name if count == 1 else counted(count, 'workflow')} "
            f"in {settings.unused_days}+ days"
            for name, count in zip(texts(frames.names, of_user["first"]), counts, strict=True)
        ],
        evidence=[
            {
                "workflow_count": count,
                "workflow_ids": ids[start : start + min(count, _LISTED_WORKFLOWS)],
                "days": settings.unused_days,
            }
            for start, count in zip(starts, counts, strict=True)
        ],
        score=0.25 * of_user["size"],
        magnitude=of_user["size"],
    )


def costly(frames: UserFrames, dear_cost: float, settings: InsightSettings) -> pa.Table:
    """A workflow that makes up most of a user's costs and is among the dearest of all."""
    recent = frames.recent.assign(cost=frames.recent["total_cost"].astype(np.float64).fillna(0.0))
    by_user = recent.groupby("user")["cost"]
    recent["of_user"] = by_user.transform("sum")
    recent["with_cost"] = (recent["cost"] > 0).groupby(recent["user"]).transform("sum")
    candidates = recent[
        (recent["with_cost"] >= 2)
        & (recent["cost"] > dear_cost)
        & (recent["cost"] >= settings.costly_min_share * recent["of_user"])
        & (recent["execution_count"] >= settings.costly_min_executions)
    ]
    # Differences below a millionth are the noise of sums, not a dearer workflow.
    candidates = candidates.assign(millionths=(candidates["cost"] * 1e6).round())
    dearest = _first_of_user(candidates, millionths=False)
    share = dearest["cost"] / dearest["of_user"]
    return insights(
        "costly",
        "view_costs",
        users=texts(frames.user_ids, dearest["user"]),
        workflows=texts(frames.workflow_ids, dearest["workflow"]),
        messages=[
            f"{name} cost {row.cost:,.2f} in the last {settings.recent_days} days: "
            f"{percent(row.cost / row.of_user)} of all your costs"
            for name, row in named_rows(frames, dearest)
        ],
        evidence=[
            {
                "total_cost": round(row.cost, 6),
                "share_of_user_cost": of_all,
                "execution_count": row.execution_count,
                "days": settings.recent_days,
            }
            for of_all, row in zip(share.tolist(), rows_of(dearest), strict=True)
        ],
        score=0.25 * dearest["execution_count"],
        magnitude=dearest["cost"],
    )


def dear_cost(costs: np.ndarray, settings: InsightSettings) -> float:
    """The cost that few workflows of users exceed, of all costs of all users' workflows."""
    costs = costs[costs > 0]
    return float(np.quantile(costs, settings.costly_quantile)) if len(costs) else np.inf


def _first_of_user(frame: pd.DataFrame, **ascending: bool) -> pd.DataFrame:
    """The first row of each user by those columns, then by workflow."""
    keys = ["user", *ascending, "workflow"]
    ordered = frame.sort_values(keys, ascending=[True, *ascending.values(), True])
    return ordered.drop_duplicates("user")
