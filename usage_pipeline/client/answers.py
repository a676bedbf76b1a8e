"""What the API answers about workflows and the organisation, one class a kind of answer.

The names are the API's. Rates come as a fraction (0 to 1) and as percent (0 to 100); None where
there is nothing to divide by. What the numbers mean stands in docs/definitions.md.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Me:
    """Who the key or token belongs to, and what it may do."""

    user_id: UUID | None
    user_name: str | None
    scopes: tuple[str, ...]
    is_demo: bool
    as_of: date | None


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """A workflow by its id and its latest name."""

    workflow_id: UUID
    workflow_name: str | None


@dataclass(frozen=True, slots=True)
class PopularWorkflow:
    """A workflow of the last 7 days, with its rank and how that changed."""

    workflow_id: UUID
    workflow_name: str | None
    popularity_rank: int
    total_executions: int
    unique_users: int
    people_execution_count: int | None
    machine_execution_count: int | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    previous_rank: int | None
    rank_change: int | None
    previous_total_executions: int | None
    execution_change: int | None


@dataclass(frozen=True, slots=True)
class WorkflowReliability:
    """How a workflow did in the last 30 days, with the bounds of what that tells."""

    workflow_id: UUID
    workflow_name: str | None
    total_executions: int | None
    success_count: int | None
    failure_count: int | None
    cancelled_count: int | None
    open_count: int | None
    sample_size: int | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    failure_rate_fraction: float | None
    failure_rate_percent: float | None
    success_rate_lower_fraction: float | None
    success_rate_lower_percent: float | None
    success_rate_upper_fraction: float | None
    success_rate_upper_percent: float | None
    unique_users: int | None
    avg_duration_ms: float | None
    p50_duration_ms: float | None
    p95_duration_ms: float | None
    reliability: str | None
    # Only in the answers about a single workflow.
    popularity_rank: int | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class AbandonedWorkflow:
    """A workflow that many used and nobody runs any more."""

    workflow_id: UUID
    workflow_name: str | None
    users_who_abandoned: int
    avg_tries_before_abandon: float
    median_tries_before_abandon: float | None
    last_used_date: date | None


@dataclass(frozen=True, slots=True)
class PopularSequence:
    """Workflows that many people run one after the other."""

    sequence_id: UUID
    workflows: tuple[WorkflowRef, ...]
    user_count: int
    support: int
    day_count: int
    confidence: float | None
    lift: float | None
    last_executed: datetime | None


@dataclass(frozen=True, slots=True)
class WorkflowDay:
    """One day of a workflow, or of the whole organisation (without users, rate and duration)."""

    execution_date: date
    execution_count: int
    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int
    unique_users: int | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    avg_duration_ms: float | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A workflow that people run just before or just after another one."""

    workflow_id: UUID
    workflow_name: str | None
    transition_count: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What people run around a workflow, in the last 28 days."""

    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]
    as_of: date | None


@dataclass(frozen=True, slots=True)
class LifecycleWeek:
    """The users of a workflow in one week."""

    week_start_date: date
    active_users: int
    new_users: int
    returning_users: int
    resurrected_users: int
    dormant_users: int


@dataclass(frozen=True, slots=True)
class OrganisationInsight:
    """Something to do about a workflow or a sequence, for the whole organisation."""

    insight_type: str
    workflow_id: UUID | None
    sequence_id: UUID | None
    workflow_ids: tuple[UUID, ...] | None
    subject: str | None
    message: str
    user_count: int | None
    score: float | None
    execution_count: int | None
    failure_count: int | None
    success_rate_fraction: float | None
    success_rate_percent: float | None
    last_used_date: date | None
    day_count: int | None
    confidence: float | None
    lift: float | None


@dataclass(frozen=True, slots=True)
class TrackedItem:
    """What became of one item of a request to track."""

    index: int
    execution_id: str | None
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class TrackAnswer:
    """What became of a request to track: how many items were taken, and each of them."""

    accepted: int
    rejected: int
    items: tuple[TrackedItem, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What each published column means, by `table.column`, and where days begin and end."""

    items: dict[str, Any]
    time_zone: str | None = None
    as_of: date | None = None
