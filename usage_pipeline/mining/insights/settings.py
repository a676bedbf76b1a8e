"""The thresholds of insights, all in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightSettings:
    """When something is worth telling, and how often.

    Attributes:
        recent_days: the days of most_used, struggling, costly and of "uses it": the length of
            `user_recent`. Only words depend on it, the counts are made by the caller.
        struggling_min_finished: struggling needs more finished executions than this.
        struggling_max_success_rate: and a success rate below this.
        unused_days: unused for so many days or more.
        automate_min_support: sessions that a sequence must have come in.
        sequence_days: the days of the window of the sub-sequences, for the words.
        pattern_days: the days of the window of the patterns.
        schedule_min_confidence: the least confidence of a pattern to schedule.
        schedule_min_hits: days on which that pattern must have come true.
        change_days: the recent days of reliability_drop and slower.
        change_previous_days: the days before them that they are compared with.
        change_min_executions: executions of the workflow on either side.
        change_min_user_executions: recent executions that concern a user.
        min_success_rate_drop: how far the success rate must have fallen.
        min_slowdown: how many times as long the median must have become.
        costly_min_share: the share of the user's costs that one workflow must make up.
        costly_min_executions: executions of it.
        costly_quantile: it must be among the dearest of all users' workflows, above this share.
        team_min_users: how many people there must be behind a number before it is told.
        abandoned_min_share: the share of those who used a workflow that must have stopped.
        regular_min_executions: recent executions that make a user run a workflow regularly.
        try_min_confidence: Wilson's lower bound of the share of A's users that also run B.
        try_min_lift: how many times as often as all users they must run it.
        max_false_discovery_rate: of what is tested against chance.
        max_per_user: open insights a user has at most.
        max_per_type: open insights of one type a user has at most.
        material_growth: how many times as strong a dismissed insight must get to come again.
        keep_resolved_days: how long a resolved insight is kept.
    """

    recent_days: int = 30
    struggling_min_finished: int = 5
    struggling_max_success_rate: float = 0.5
    unused_days: int = 30
    automate_min_support: int = 5
    sequence_days: int = 28
    pattern_days: int = 90
    schedule_min_confidence: float = 0.6
    schedule_min_hits: int = 8
    change_days: int = 7
    change_previous_days: int = 28
    change_min_executions: int = 10
    change_min_user_executions: int = 3
    min_success_rate_drop: float = 0.1
    min_slowdown: float = 1.5
    costly_min_share: float = 0.5
    costly_min_executions: int = 5
    costly_quantile: float = 0.9
    team_min_users: int = 5
    abandoned_min_share: float = 0.5
    regular_min_executions: int = 3
    try_min_confidence: float = 0.3
    try_min_lift: float = 1.5
    max_false_discovery_rate: float = 0.05
    max_per_user: int = 5
    max_per_type: int = 2
    material_growth: float = 1.5
    keep_resolved_days: int = 30


DEFAULT_INSIGHTS = InsightSettings()
