"""The settings of mining: what is a session, a pattern, and worth telling a user.

They are part of `settings.Settings`, each with a variable of its own. What is not here is fixed by
what it means: the windows of 7, 28, 30 and 90 days are in the words of insights.
"""

from pydantic import BaseModel, Field


class MiningThresholds(BaseModel):
    """Thresholds of sessions, patterns and insights."""

    sequence_window_days: int = Field(
        default=7,
        ge=1,
        description="How many days mining.workflow_sequences covers. Windows of 7, 28 and 90 days "
        "are in mining.workflow_sequence_windows in any case.",
    )
    session_gap_seconds: float = Field(
        default=300.0,
        gt=0,
        # Longer and a session could reach back over days that are retired.
        le=3_600,
        description="A start more than this after the previous one begins a new session. Days that "
        "are mined already stay as they are.",
    )
    collapse_repeats: bool = Field(
        default=True,
        description="Whether direct repeats of a workflow are one step of a session. Days that are "
        "mined already stay as they are.",
    )
    shared_min_users: int = Field(
        default=2,
        ge=2,
        description="How many users must have a sequence more often than by chance for it to be "
        "said of all.",
    )
    false_discovery_rate: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="The expected share of what is said (patterns, and insights that are tested) "
        "that may be chance.",
    )

    pattern_min_hits: int = Field(
        default=5, ge=2, description="How often a pattern must have come true."
    )
    time_min_confidence: float = Field(
        default=0.5, ge=0, le=1, description="The least confidence of a time_based pattern."
    )
    sequence_min_confidence: float = Field(
        default=0.05, ge=0, le=1, description="The least confidence of a sequence pattern."
    )
    conditional_min_confidence: float = Field(
        default=0.3, ge=0, le=1, description="The least confidence of a conditional pattern."
    )
    time_min_lift: float = Field(
        default=1.6,
        ge=1,
        description="How many times as often as by chance a time_based pattern must come true.",
    )
    sequence_min_lift: float = Field(
        default=1.3,
        ge=1,
        description="How many times as often as by chance a sequence pattern must come true.",
    )

    struggling_min_finished: int = Field(
        default=5,
        ge=1,
        description="The insight `struggling` needs more finished executions than this in 30 days.",
    )
    struggling_success_rate: float = Field(
        default=0.5, gt=0, le=1, description="And a success rate below this."
    )
    unused_days: int = Field(
        default=30,
        ge=1,
        description="After how many days without use a workflow is in the insight `unused`.",
    )
    automate_min_sessions: int = Field(
        default=5,
        ge=2,
        description="In how many sessions of 28 days a sequence must come for `automate_sequence`.",
    )
    schedule_min_confidence: float = Field(
        default=0.6, ge=0, le=1, description="The least confidence of a pattern for `schedule_it`."
    )
    schedule_min_days: int = Field(
        default=8, ge=2, description="On how many days that pattern must have come true."
    )
    change_min_executions: int = Field(
        default=10,
        ge=2,
        description="How many executions `reliability_drop` and `slower` need of the last 7 days, "
        "and of the 28 days before.",
    )
    change_min_user_executions: int = Field(
        default=3,
        ge=1,
        description="How many of the last 7 days must be a user's own for them to be told.",
    )
    min_success_rate_drop: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="How far the success rate must have fallen for `reliability_drop`.",
    )
    min_slowdown: float = Field(
        default=1.5,
        gt=1,
        description="How many times as long the median must have become for `slower`.",
    )
    costly_min_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="The share of a user's costs that one workflow must make up for `costly`.",
    )
    costly_min_executions: int = Field(
        default=5, ge=1, description="How many executions of it there must be."
    )
    costly_quantile: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="It must cost more than this share of what all users have spent on each of "
        "their workflows.",
    )
    team_min_users: int = Field(
        default=5,
        ge=3,
        description="How many people there must be behind a number before `abandoned_by_team` and "
        "`try_this` tell it.",
    )
    abandoned_min_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="The share of a workflow's users that must have left it for "
        "`abandoned_by_team`.",
    )
    regular_min_executions: int = Field(
        default=3,
        ge=1,
        description="How many executions of 30 days make a user one who runs a workflow, for "
        "`try_this`.",
    )
    try_min_confidence: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="The least share (Wilson's lower bound) of a workflow's users that also run "
        "what `try_this` says.",
    )
    try_min_lift: float = Field(
        default=1.5, ge=1, description="How many times as often as all users they must run it."
    )

    insights_per_user: int = Field(
        default=5, ge=1, description="How many open insights a user has at most."
    )
    insights_per_type: int = Field(
        default=2, ge=1, description="How many open insights of one type a user has at most."
    )
    material_growth: float = Field(
        default=1.5,
        gt=1,
        description="How many times its number a dismissed insight must reach to come again.",
    )
    resolved_days: int = Field(
        default=30, ge=1, description="How many days a resolved insight is kept."
    )
