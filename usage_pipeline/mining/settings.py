"""The settings of mining: sessions, sequences and insights, each a part of `settings.Settings`.

Fields are settings, each an environment variable. A `ClassVar` is a constant, with its reason
beside it. The module stays light, because every command reads it.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class SessionSettings(BaseModel):
    """How executions fall into sessions: part of `settings.Settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # A session with more steps is a loop that nobody reads. It is split into sessions of this many,
    # all of them flagged; all close when the last of them does.
    max_steps: ClassVar[int] = 50

    gap_seconds: float = Field(
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

    @property
    def gap_us(self) -> int:
        """The gap in microseconds."""
        return round(self.gap_seconds * 1_000_000)


DEFAULT_SESSIONS = SessionSettings()


class SequenceSettings(BaseModel):
    """Which sequences are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: int = Field(
        default=7,
        ge=1,
        description="How many days `mining.workflow_sequences` covers. Windows of 7, 28 and 90 "
        "days are in `mining.workflow_sequence_windows` in any case.",
    )
    shared_min_users: int = Field(
        default=2,
        ge=2,
        description="How many users must run a sequence more often than chance would make them "
        "before `mining.popular_sequences` shows it. More hides better who they are.",
    )


class InsightSettings(BaseModel):
    """When something is worth telling, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unused_days: int = Field(
        default=30,
        ge=1,
        description="After how many days without use a workflow is in the insight `unused`.",
    )
    team_min_users: int = Field(
        default=5,
        ge=3,
        description="How many people there must be behind a number before `abandoned_by_team` and "
        "`try_this` tell it.",
    )
    max_per_user: int = Field(
        default=5, ge=1, description="How many open insights a user has at most."
    )

    # One type must not crowd out the others among the few that a user sees.
    max_per_type: ClassVar[int] = 2

    # DESIGN, section 5: most_used, struggling and costly look at 30 days, and so does "uses it".
    recent_days: ClassVar[int] = 30
    # The specification's: more than 5 finished executions and a success rate below 0.5.
    struggling_min_finished: ClassVar[int] = 5
    struggling_max_success_rate: ClassVar[float] = 0.5

    # Sessions of four weeks: fewer save nobody the work of automating them.
    automate_min_support: ClassVar[int] = 5
    # A schedule runs also on the days when the person would not have: it must be right mostly, and
    # on more days than two working weeks have by accident.
    schedule_min_confidence: ClassVar[float] = 0.6
    schedule_min_hits: ClassVar[int] = 8

    # A week against the four before it: both hold each weekday equally often.
    change_days: ClassVar[int] = 7
    change_previous_days: ClassVar[int] = 28
    # A test cannot tell a change from chance with fewer on a side.
    change_min_executions: ClassVar[int] = 10
    # Somebody who ran it once or twice has not met the change.
    change_min_user_executions: ClassVar[int] = 3
    # A change can be certain and still be too small to act on.
    min_success_rate_drop: ClassVar[float] = 0.1
    min_slowdown: ClassVar[float] = 1.5

    # Costs are worth a word where one workflow is most of them, and dear beside everybody's.
    costly_min_share: ClassVar[float] = 0.5
    costly_min_executions: ClassVar[int] = 5
    costly_quantile: ClassVar[float] = 0.9

    # Half of a workflow's users are a team that left it, not a coincidence of holidays.
    abandoned_min_share: ClassVar[float] = 0.5
    # Three runs in 30 days: a user tried it and came back.
    regular_min_executions: ClassVar[int] = 3
    # A recommendation that three of ten would follow, and not because everybody runs it anyhow.
    try_min_confidence: ClassVar[float] = 0.3
    try_min_lift: ClassVar[float] = 1.5

    # A dismissed insight comes back only when it has become half as strong again.
    material_growth: ClassVar[float] = 1.5
    # As long as the longest window, so that an insight that comes and goes keeps its history.
    keep_resolved_days: ClassVar[int] = 30


DEFAULT_INSIGHTS = InsightSettings()
