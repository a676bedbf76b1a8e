"""Usage insights: everything worth telling users tonight, from marts and mined tables.

The modules beside this one hold the rules, `settings` the thresholds, and `states` the life of an
insight from night to night. Users come in blocks, once `everyone` is counted.
"""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from usage_pipeline.mining.insights import changes, habits, teams, use
from usage_pipeline.mining.insights.everyone import Everyone, EveryoneCounts
from usage_pipeline.mining.insights.frames import UserFrames
from usage_pipeline.mining.insights.records import all_insights
from usage_pipeline.mining.insights.settings import DEFAULT_INSIGHTS, InsightSettings
from usage_pipeline.mining.insights.wording import Names


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
