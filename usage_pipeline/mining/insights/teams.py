"""Insights from what others do: abandoned_by_team and try_this.

Others are only ever counted, never named, and only where there are enough of them.
"""

from collections import Counter

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
from usage_pipeline.mining.insights.wording import Names, counted
from usage_pipeline.mining.settings import InsightSettings
from usage_pipeline.mining.statistics import (
    FALSE_DISCOVERY_RATE,
    binomial_tail,
    fisher_tail,
    q_values,
    wilson_bounds,
)

_WEIGHT_OF_LEAVING = 0.1
_WEIGHT_OF_TRYING = 5.0
_RULES_OF_A_WORKFLOW = 5

TRIES = 2
"""Executions by people that make a user one who used a workflow."""


def left_workflows(
    users: Counter[str], left: Counter[str], settings: InsightSettings
) -> pd.DataFrame:
    """Workflows that most who used them gave up, far more than usual.

    Args:
        users: how many used each workflow.
        left: how many of these gave it up, but have not left altogether.
        settings: how many must have.

    Returns:
        workflow (its id), users, left, usual_share.
    """
    frame = pd.DataFrame({"workflow": pd.Series(sorted(users), dtype="str")})
    frame["users"] = np.array([users[each] for each in frame["workflow"]], dtype=np.int64)
    frame["left"] = np.array([left[each] for each in frame["workflow"]], dtype=np.int64)
    frame["usual_share"] = frame["left"].sum() / max(1, frame["users"].sum())
    p_value = binomial_tail(*(frame[name].to_numpy() for name in ("left", "users", "usual_share")))
    return frame[
        (q_values(p_value) <= FALSE_DISCOVERY_RATE)
        & (frame["left"] >= settings.team_min_users)
        & (frame["left"] >= settings.abandoned_min_share * frame["users"])
    ]


def abandoned_by_team(frames: UserFrames, departures: pd.DataFrame) -> pa.Table:
    """Tell that most have left a workflow (`left_workflows`) to those who still run it."""
    recent = frames.recent[["user", "workflow", "people_execution_count"]]
    still = without(recent[recent["people_execution_count"] > 0], frames.abandoned)
    audience = still.merge(frames.number_workflows(departures), on="workflow")
    return insights(
        "abandoned_by_team",
        "find_alternatives",
        users=texts(frames.user_ids, audience["user"]),
        workflows=texts(frames.workflow_ids, audience["workflow"]),
        messages=[
            f"{row.left:,} of the {counted(row.users, 'person', 'people')} who used {name} have "
            "stopped using it. Is there something better?"
            for name, row in named_rows(frames, audience)
        ],
        evidence=[
            {
                "users_who_abandoned": row.left,
                "users": row.users,
                "usual_share": row.usual_share,
            }
            for row in rows_of(audience)
        ],
        score=_WEIGHT_OF_LEAVING * audience["people_execution_count"],
        magnitude=audience["left"],
    )


def run_together(
    pairs: pd.DataFrame, users: pd.Series, total: int, settings: InsightSettings
) -> pd.DataFrame:
    """Pairs of workflows that share users significantly more often than by chance.

    Args:
        pairs: workflow, other (ids) and both: how many users regularly run the two.
        users: how many run each workflow, by its id.
        total: how many users regularly run any.
        settings: how many there must be, and how much more often than by chance.

    Returns:
        workflow, other, both, users (of the first), confidence, lift; of each workflow the surest.
    """
    pairs = pairs[pairs["both"] >= settings.team_min_users]
    of_workflow, of_other, both = (
        pairs["workflow"].map(users).to_numpy(np.int64),
        pairs["other"].map(users).to_numpy(np.int64),
        pairs["both"].to_numpy(),
    )
    p_value = fisher_tail(both, of_workflow, of_other, np.full(len(both), total))
    popular = int((users >= settings.team_min_users).sum())
    pairs = pairs.assign(
        users=of_workflow,
        confidence=wilson_bounds(both, of_workflow)[0],
        lift=both * total / (of_workflow * of_other),
    )
    sure = pairs[
        (q_values(p_value, popular * (popular - 1)) <= FALSE_DISCOVERY_RATE)
        & (pairs["confidence"] >= settings.try_min_confidence)
        & (pairs["lift"] >= settings.try_min_lift)
    ]
    ordered = sure.sort_values(["workflow", "confidence", "other"], ascending=[True, False, True])
    return ordered.groupby("workflow").head(_RULES_OF_A_WORKFLOW)


def try_this(
    frames: UserFrames, rules: pd.DataFrame, names: Names, settings: InsightSettings
) -> pa.Table:
    """The workflow that most others with a workflow in common run, and the user never has."""
    is_regular = frames.recent["people_execution_count"] >= settings.regular_min_executions
    regular = frames.recent.loc[is_regular, ["user", "workflow"]].drop_duplicates()
    # A workflow that none of these users ever ran has the number -1, unlike every pair of theirs.
    proposals = rules.assign(
        because=rules["workflow"], suggested=rules["other"], other=frames.numbers(rules["other"])
    )
    proposed = regular.merge(frames.number_workflows(proposals), on="workflow")
    proposed = proposed.drop(columns="workflow").rename(columns={"other": "workflow"})
    suggestions = (
        without(proposed, frames.stats)
        .sort_values(
            ["user", "confidence", "suggested", "because"], ascending=[True, False, True, True]
        )
        .drop_duplicates("user")
    )
    rows = rows_of(suggestions)
    return insights(
        "try_this",
        "try_workflow",
        users=texts(frames.user_ids, suggestions["user"]),
        workflows=suggestions["suggested"].tolist(),
        messages=[
            f"{row.both:,} of {counted(row.users, 'person', 'people')} who run "
            f"{names[row.because]} also run {names[row.suggested]}. Try it?"
            for row in rows
        ],
        evidence=[
            {
                "because_of_workflow_id": row.because,
                "users_of_both": row.both,
                "users": row.users,
                "confidence": row.confidence,
                "lift": row.lift,
            }
            for row in rows
        ],
        score=_WEIGHT_OF_TRYING * suggestions["confidence"],
        magnitude=suggestions["both"],
    )
