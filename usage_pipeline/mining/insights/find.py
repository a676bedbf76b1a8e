"""Usage insights: everything worth telling users tonight, found from marts and mined tables.

The rules are in the modules beside this one, thresholds in `settings`, and what becomes of
an insight from night to night in `insight_states`.
"""

from dataclasses import dataclass
from datetime import date
from itertools import chain

import pyarrow as pa

from usage_pipeline.mining.insights import changes as change_insights
from usage_pipeline.mining.insights import habits as habit_insights
from usage_pipeline.mining.insights import teams as team_insights
from usage_pipeline.mining.insights import use as use_insights
from usage_pipeline.mining.insights.records import to_table
from usage_pipeline.mining.insights.settings import DEFAULT_INSIGHTS, InsightSettings
from usage_pipeline.mining.insights.wording import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightInputs:
    """What insights are found from. Ids are text; more columns do no harm.

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
        subsequences: `subsequences.SUBSEQUENCES_SCHEMA` of the last 28 days.
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
    inputs: InsightInputs, as_of: date, settings: InsightSettings = DEFAULT_INSIGHTS
) -> pa.Table:
    """Find all insights that are true as of a day, told or not.

    Args:
        inputs: the numbers, all as of that day.
        as_of: the last complete day.
        settings: the thresholds.

    Returns:
        Rows in `insight_records.FOUND_INSIGHTS_SCHEMA`, by user, then the greatest score.
    """
    names, recent = Names.of(inputs.workflows), inputs.user_recent
    found = chain(
        use_insights.most_used(recent, inputs.favorites, names, settings),
        use_insights.struggling(recent, names, settings),
        use_insights.unused(inputs.user_stats, names, as_of, settings),
        use_insights.costly(recent, names, settings),
        habit_insights.automate_sequence(inputs.subsequences, names, settings),
        habit_insights.schedule_it(inputs.patterns, inputs.pattern_days, recent, names, settings),
        change_insights.reliability_drop(inputs.workflow_changes, recent, names, settings),
        change_insights.slower(inputs.workflow_durations, recent, names, settings),
        team_insights.abandoned_by_team(
            inputs.user_stats, inputs.user_abandoned, recent, names, settings
        ),
        team_insights.try_this(inputs.user_stats, recent, names, settings),
    )
    return to_table(found, as_of)
