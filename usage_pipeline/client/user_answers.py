"""What the API answers about one user, one class a kind of answer. The names are the API's."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from usage_pipeline.client.answers import WorkflowRef


@dataclass(frozen=True, slots=True)
class User:
    """A user, with how much they run."""

    user_id: UUID
    user_name: str | None
    execution_count: int | None
    last_used_date: date | None


@dataclass(frozen=True, slots=True)
class UserWorkflow:
    """A workflow as one user uses it."""

    workflow_id: UUID
    workflow_name: str | None
    execution_count: int
    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int
    finished_count: int | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    reliability: str | None
    avg_duration_ms: float | None
    first_used_date: date | None
    last_used_date: date | None
    last_used_at: datetime | None
    frequency: str | None
    current_streak_days: int | None
    longest_streak_days: int | None
    executions_last_28_days: int | None
    executions_previous_28_days: int | None
    execution_trend_fraction: float | None


@dataclass(frozen=True, slots=True)
class RhythmHour:
    """How often a user runs anything in one hour of the week; weekday 0 is Monday."""

    weekday: int
    hour: int
    execution_count: int


@dataclass(frozen=True, slots=True)
class Favorite:
    """A workflow that a user keeps at hand."""

    workflow_id: UUID
    workflow_name: str | None
    custom_name: str | None
    category: str | None
    position: int | None
    usage_count: int | None
    last_used: datetime | None
    added_at: datetime | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    reliability: str | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Workflows that a user runs one after the other, again and again."""

    sequence_id: UUID
    workflows: tuple[WorkflowRef, ...]
    frequency: int
    last_executed: datetime | None
    popularity_rank: int | None
    is_saved: bool | None


@dataclass(frozen=True, slots=True)
class Template:
    """A sequence that a user saved under a name."""

    template_id: UUID
    name: str
    sequence_id: UUID | None
    workflows: tuple[WorkflowRef, ...]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A habit of a user: at a time, one after another, or after a failure."""

    pattern_id: UUID
    pattern_type: str
    workflow_id: UUID | None
    workflow_name: str | None
    next_workflow_id: UUID | None
    next_workflow_name: str | None
    local_hour: int | None
    hour_count: int | None
    weekdays: tuple[int, ...] | None
    description: str | None
    confidence: float | None
    hits: int | None
    opportunities: int | None
    evidence: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Insight:
    """A message to a user, with what to do and the numbers behind it."""

    insight_id: UUID
    insight_type: str
    workflow_id: UUID | None
    workflow_name: str | None
    message: str
    action: str | None
    evidence: dict[str, Any] | None
    score: float | None
    state: str
    opened_date: date | None
