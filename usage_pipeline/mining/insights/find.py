"""Usage insights: everything worth telling users tonight, from marts and mined tables.

The modules beside this one hold the rules, `mining.settings` the thresholds, and `states` the life
of an insight from night to night. Everybody is counted first, a block of users at a time; then
insights are found for one block after the other.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from usage_pipeline.mining.columns import encode, floats, group, integers
from usage_pipeline.mining.insights import changes, habits, teams, use
from usage_pipeline.mining.insights.changes import drops, slowdowns
from usage_pipeline.mining.insights.records import UserFrames, all_insights
from usage_pipeline.mining.insights.teams import TRIES, left_workflows, run_together
from usage_pipeline.mining.insights.use import dear_cost
from usage_pipeline.mining.insights.wording import Names
from usage_pipeline.mining.settings import DEFAULT_INSIGHTS, InsightSettings


@dataclass(frozen=True, slots=True)
class Everyone:
    """Facts about all users together.

    Attributes:
        dear_cost: the cost that few workflows of users exceed.
        drops: the workflows of `changes.drops`.
        slowdowns: the workflows of `changes.slowdowns`.
        departures: the workflows of `teams.left_workflows`.
        rules: the pairs of `teams.run_together`.
    """

    dear_cost: float
    drops: pd.DataFrame
    slowdowns: pd.DataFrame
    departures: pd.DataFrame
    rules: pd.DataFrame


class EveryoneCounts:
    """Counts over all users; blocks of users may come in any order, each user in one of them."""

    def __init__(self, settings: InsightSettings) -> None:
        """Begin with nobody counted."""
        self._settings = settings
        self._costs = [np.zeros(0)]
        self._users: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._number_of: dict[str, int] = {}
        self._together = sparse.csr_array((0, 0), dtype=np.int64)
        self._regular_users = 0

    def add(self, user_stats: pa.Table, user_recent: pa.Table, user_abandoned: pa.Table) -> None:
        """Count a block of users; the tables are those of `find.InsightInputs`."""
        cost = floats(user_recent, "total_cost")
        self._costs.append(cost[cost > 0])
        tried = user_stats.filter(pc.greater_equal(user_stats["people_execution_count"], TRIES))
        self._users.update(_sizes(tried))
        # Users who left altogether have not given a workflow up.
        stayed = pc.invert(user_abandoned["has_left_altogether"])
        self._left.update(_sizes(user_abandoned.filter(stayed)))
        self._add_together(user_recent)

    def everyone(self, workflow_changes: pa.Table, workflow_durations: pa.Table) -> Everyone:
        """Test what was counted; the tables are those of `find.InsightInputs`."""
        settings = self._settings
        ids = np.array(list(self._number_of), dtype=object)
        both = sparse.coo_array(self._together)
        pairs = pd.DataFrame({"workflow": ids[both.row], "other": ids[both.col], "both": both.data})
        is_same = pairs["workflow"] == pairs["other"]
        users = pairs[is_same].set_index("workflow")["both"]
        return Everyone(
            dear_cost=dear_cost(np.concatenate(self._costs), settings),
            drops=drops(workflow_changes, settings),
            slowdowns=slowdowns(workflow_durations, settings),
            departures=left_workflows(self._users, self._left, settings),
            rules=run_together(pairs[~is_same], users, self._regular_users, settings),
        )

    def _add_together(self, user_recent: pa.Table) -> None:
        """Add how many users run each two workflows regularly; a workflow with itself counts."""
        executions = integers(user_recent, "people_execution_count")
        regular = user_recent.filter(pa.array(executions >= self._settings.regular_min_executions))
        user, workflow = encode(regular, "user_id"), encode(regular, "workflow_id")
        numbers = np.array(
            [
                self._number_of.setdefault(each, len(self._number_of))
                for each in workflow.values.to_pylist()
            ],
            dtype=np.int64,
        )
        pairs = group(user.codes, workflow.codes).first
        size = len(self._number_of)
        runs = sparse.csr_array(
            (
                np.ones(len(pairs), dtype=np.int64),
                (user.codes[pairs], numbers[workflow.codes[pairs]]),
            ),
            shape=(len(user.values), size),
        )
        self._together.resize((size, size))
        self._together = self._together + runs.T @ runs
        self._regular_users += len(np.unique(user.codes))


def _sizes(table: pa.Table) -> dict[str, int]:
    """How many rows each workflow has."""
    rows = pc.value_counts(table["workflow_id"].cast(pa.string()))
    return dict(
        zip(rows.field("values").to_pylist(), rows.field("counts").to_pylist(), strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightInputs:
    """The numbers that insights come from. Ids are text; other columns are ignored.

    Attributes:
        workflows: workflow_id, workflow_name (may be null).
        user_stats: the mart `user_workflow_stats`: user_id, workflow_id, people_execution_count,
            last_used_date.
        user_recent: a row per user and workflow, sums over the last 30 days of the mart
            `user_workflow_usage`: user_id, workflow_id, execution_count, people_execution_count,
            success_count, failure_count, total_cost (may be null).
        user_abandoned: the mart `user_abandoned_workflows`: user_id, workflow_id,
            has_left_altogether.
        workflow_changes: a row per workflow, sums over the last 7 days and the 28 days before of
            the mart `workflow_daily_usage`: workflow_id, recent_success_count,
            recent_failure_count, previous_success_count, previous_failure_count.
        workflow_durations: a row per workflow and bucket, sums over the same days of the mart
            `user_workflow_durations`: workflow_id, duration_bucket, recent_count, previous_count.
        favorites: user_id, workflow_id.
        subsequences: `parts.SUBSEQUENCES_SCHEMA` of the last 28 days.
        patterns: `patterns.USAGE_PATTERNS_SCHEMA`.
        pattern_days: the days of the window that the patterns were found in.
    """

    workflows: pa.Table
    user_stats: pa.Table
    user_recent: pa.Table
    user_abandoned: pa.Table
    workflow_changes: pa.Table
    workflow_durations: pa.Table
    favorites: pa.Table
    subsequences: pa.Table
    patterns: pa.Table
    pattern_days: int


def find_insights(
    inputs: InsightInputs,
    as_of: date,
    settings: InsightSettings = DEFAULT_INSIGHTS,
    *,
    names: Names | None = None,
    everyone: Everyone | None = None,
) -> pa.Table:
    """Find all insights that are true of some users as of a day.

    Args:
        inputs: the numbers, all as of that day.
        as_of: the last complete day.
        settings: the thresholds.
        names: those of the workflows, if they are made already.
        everyone: the facts about all users; without them the inputs must be of all users.

    Returns:
        Rows in `records.FOUND_INSIGHTS_SCHEMA`, by user, then the greatest score.
    """
    names = names or Names.of(inputs.workflows)
    if everyone is None:
        counts = EveryoneCounts(settings)
        counts.add(inputs.user_stats, inputs.user_recent, inputs.user_abandoned)
        everyone = counts.everyone(inputs.workflow_changes, inputs.workflow_durations)
    frames = UserFrames.of(
        names,
        user_stats=inputs.user_stats,
        user_recent=inputs.user_recent,
        user_abandoned=inputs.user_abandoned,
        favourites=inputs.favorites,
        patterns=inputs.patterns,
    )
    return all_insights(
        (
            use.most_used(frames, settings),
            use.struggling(frames, settings),
            use.unused(frames, as_of, settings),
            use.costly(frames, everyone.dear_cost, settings),
            habits.automate_sequence(inputs.subsequences, names, settings),
            habits.schedule_it(frames, inputs.pattern_days, settings),
            changes.reliability_drop(frames, everyone.drops, settings),
            changes.slower(frames, everyone.slowdowns, settings),
            teams.abandoned_by_team(frames, everyone.departures),
            teams.try_this(frames, everyone.rules, names, settings),
        ),
        as_of,
    )
