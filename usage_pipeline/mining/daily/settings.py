"""The settings of sessions: part of `settings.Settings`."""

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
