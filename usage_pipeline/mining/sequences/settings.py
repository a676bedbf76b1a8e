"""The settings of sequences that somebody has a reason to change: part of `settings.Settings`."""

from pydantic import BaseModel, ConfigDict, Field


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
