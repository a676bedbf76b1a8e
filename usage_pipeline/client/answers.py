"""The answers of the API, one class for each. Generated: do not edit.

`python -m usage_pipeline.api.openapi.generate` writes this file from the models of the routes.
Rates are fractions (0 to 1) and per cent (0 to 100); what the numbers mean stands in
docs/definitions.md. A word of a fixed list is a `str`, because a newer API may have another one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowName:
    """A workflow and what it is called."""

    workflow_id: UUID
    workflow_name: str | None  # The latest known name; null when none is known.


@dataclass(frozen=True, slots=True, kw_only=True)
class PopularWorkflow(WorkflowName):
    """A workflow used in the last 7 days, and the change against the 7 days before."""

    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    popularity_rank: int
    total_executions: int
    unique_users: int
    people_execution_count: int
    machine_execution_count: int
    previous_rank: int | None
    rank_change: int | None  # Positive is up; null without a previous rank.
    previous_total_executions: int
    execution_change: int
    reliability: str
    success_rate_percent: float | None  # The same in per cent, 0 to 100.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowReliability(WorkflowName):
    """A workflow used in the last 30 days, and how reliable it was."""

    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int  # Executions that have not ended.
    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    total_executions: int
    sample_size: int  # success + failure: what the rate is made of.
    failure_rate_fraction: float | None
    success_rate_lower_fraction: float | None  # Wilson 95 % lower bound.
    success_rate_upper_fraction: float | None  # Wilson 95 % upper bound.
    unique_users: int
    avg_duration_ms: float | None
    p50_duration_ms: float | None
    p95_duration_ms: float | None
    reliability: str
    success_rate_percent: float | None  # The same in per cent, 0 to 100.
    failure_rate_percent: float | None  # The failure rate in per cent.
    success_rate_lower_percent: float | None  # The lower bound in per cent.
    success_rate_upper_percent: float | None  # The upper bound in per cent.


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWorkflowReliability(WorkflowReliability):
    """How reliable one workflow is."""

    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWorkflow(OneWorkflowReliability):
    """Everything about one workflow."""

    popularity_rank: int | None  # null when not used in the last 7 days.


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonedWorkflow(WorkflowName):
    """A workflow that more than 5 users used and nobody uses any more."""

    users_who_abandoned: int
    avg_tries_before_abandon: float
    median_tries_before_abandon: float
    last_used_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWorkflow(WorkflowName):
    """A workflow and how a user uses it, over all time unless said otherwise."""

    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int  # Executions that have not ended.
    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    execution_count: int
    finished_count: int  # success + failure: what the rate is made of.
    # By this user's rate: green above 90 %, yellow above 70 %, else red; grey with fewer than
    # 5 finished executions.
    reliability: str
    avg_duration_ms: float | None
    first_used_date: date
    last_used_date: date
    last_used_at: datetime
    frequency: str
    current_streak_days: int
    longest_streak_days: int
    executions_last_28_days: int
    executions_previous_28_days: int
    # Executions of the last 28 days against the 28 before: 0.5 is half as many again; null
    # without earlier ones.
    execution_trend_fraction: float | None
    success_rate_percent: float | None  # The same in per cent, 0 to 100.


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmHour:
    """How much a user runs in one hour of the week."""

    weekday: int  # 0 is Monday.
    hour: int  # In the warehouse's time zone.
    execution_count: int  # Executions by the person in the last 28 days.


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedResult:
    """The result of one item."""

    index: int  # The place of the item in the request, from 0.
    execution_id: str | None  # Its id, made here if it had none.
    status: str
    reason: str | None  # Why it was rejected.


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """The result of a request."""

    accepted: int  # Items that are committed.
    rejected: int  # Items that are not kept.
    items: tuple[TrackedResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who calls."""

    user_id: UUID | None  # The person; null for an application or the demo.
    user_name: str | None
    scopes: tuple[str, ...]
    is_demo: bool  # Whether this server asks nobody who they are.
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user with an execution."""

    user_id: UUID
    user_name: str | None  # The id that the source knows the user by.
    execution_count: int
    last_used_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite(WorkflowName):
    """A workflow that a user keeps at hand."""

    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    custom_name: str | None  # The user's own name for it.
    category: str | None
    position: int | None  # From 1; null for one that was never moved.
    usage_count: int  # The user's executions, as of the last night.
    last_used: datetime | None
    added_at: datetime
    reliability: str  # The workflow's, in the last 30 days.
    success_rate_percent: float | None  # The same in per cent, 0 to 100.


@dataclass(frozen=True, slots=True, kw_only=True)
class FavouriteItem(Favourite):
    """A favourite, as of a day."""

    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Workflows that a user runs one after the other."""

    sequence_id: UUID
    workflows: tuple[WorkflowName, ...]  # In the order in which they are run.
    frequency: int  # How often, in the window.
    last_executed: datetime
    popularity_rank: int  # 1 for the user's most frequent one.
    is_saved: bool  # Whether the user has made a template of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class PopularSequence:
    """Workflows that several users run one after the other, in the last 28 days."""

    sequence_id: UUID
    workflows: tuple[WorkflowName, ...]
    user_count: int
    support: int  # Sessions with it in them.
    day_count: int
    confidence: float  # How often the last step follows the ones before it.
    lift: float  # How much more often than by chance; 1 is chance.
    last_executed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A sequence that a user has saved."""

    template_id: UUID
    name: str
    sequence_id: UUID
    workflows: tuple[WorkflowName, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateItem(Template):
    """A template, as of a day."""

    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Something a user does regularly."""

    pattern_id: UUID
    pattern_type: str
    workflow_id: UUID
    workflow_name: str | None
    next_workflow_id: UUID | None
    next_workflow_name: str | None
    local_hour: int | None
    hour_count: int | None
    weekdays: tuple[int, ...] | None  # 0 is Monday.
    description: str
    confidence: float  # Wilson 95 % lower bound of hits / opportunities.
    hits: int
    opportunities: int
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """Something worth telling a user."""

    insight_id: UUID
    insight_type: str
    workflow_id: UUID | None
    workflow_name: str | None
    message: str
    action: str
    evidence: dict[str, Any]  # The numbers behind the message.
    score: float
    state: str
    opened_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightItem(Insight):
    """An insight, as of a day."""

    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationDay:
    """One day of all workflows together."""

    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int  # Executions that have not ended.
    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    execution_date: date
    execution_count: int
    reliability: str
    success_rate_percent: float | None  # The same in per cent, 0 to 100.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowDay(OrganisationDay):
    """One day of a workflow, with at least one execution."""

    unique_users: int
    avg_duration_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleWeek:
    """One week of a workflow's users."""

    week_start_date: date
    active_users: int
    new_users: int
    returning_users: int
    resurrected_users: int
    dormant_users: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour(WorkflowName):
    """A workflow run directly before or after another one."""

    transition_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Workflows run directly before and after a workflow, most often first."""

    as_of: date
    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationInsight:
    """Something worth doing, with the numbers that say so."""

    # success / (success + failure), 0 to 1; null with nothing to divide by.
    success_rate_fraction: float | None
    insight_type: str
    workflow_id: UUID | None  # null for what is about a sequence.
    sequence_id: UUID | None
    workflow_ids: tuple[UUID, ...] | None  # The steps of a sequence.
    subject: str
    message: str
    user_count: int
    score: float
    execution_count: int | None
    failure_count: int | None
    last_used_date: date | None
    day_count: int | None
    confidence: float | None
    lift: float | None
    reliability: str | None  # By the success rate; null without one.
    success_rate_percent: float | None  # The same in per cent, 0 to 100.


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The meaning of columns, by `table.column`; a table's own text stands under its name."""

    as_of: date
    items: dict[str, str]
    time_zone: str  # Where days begin and end.
