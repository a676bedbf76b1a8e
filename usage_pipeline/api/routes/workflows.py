"""Workflows compared: popular, reliable, abandoned."""

from datetime import date
from typing import Annotated, Final, LiteralString
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, Field, computed_field

from usage_pipeline.api.answers import (
    answer,
    build_tag,
    is_known,
    object_json,
    page,
    unchanged,
)
from usage_pipeline.api.auth.access import ReaderCaller
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.listing import DOUBLE, ID, INTEGER, Key, Listing, Page, Searched, holds
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.schemas import Counts, Reliability, SuccessRate, WorkflowName, percent
from usage_pipeline.api.services import services_of
from usage_pipeline.identity import mapped_id

router = topic("workflows")


class PopularWorkflow(SuccessRate, WorkflowName):
    """A workflow used in the last 7 days, and the change against the 7 days before."""

    popularity_rank: int
    total_executions: int
    unique_users: int
    people_execution_count: int
    machine_execution_count: int
    previous_rank: int | None
    rank_change: int | None = Field(description="Positive is up; null without a previous rank.")
    previous_total_executions: int
    execution_change: int
    reliability: Reliability


class Reliable(SuccessRate, Counts):
    """How reliable a workflow was in the last 30 days."""

    total_executions: int
    sample_size: int = Field(description="success + failure: what the rate is made of.")
    failure_rate_fraction: float | None
    success_rate_lower_fraction: float | None = Field(description="Wilson 95 % lower bound.")
    success_rate_upper_fraction: float | None = Field(description="Wilson 95 % upper bound.")
    unique_users: int
    avg_duration_ms: float | None
    p50_duration_ms: float | None
    p95_duration_ms: float | None
    reliability: Reliability

    @computed_field  # type: ignore[prop-decorator]
    @property
    def failure_rate_percent(self) -> float | None:
        """The failure rate in per cent."""
        return percent(self.failure_rate_fraction)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def success_rate_lower_percent(self) -> float | None:
        """The lower bound in per cent."""
        return percent(self.success_rate_lower_fraction)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def success_rate_upper_percent(self) -> float | None:
        """The upper bound in per cent."""
        return percent(self.success_rate_upper_fraction)


class WorkflowReliability(Reliable, WorkflowName):
    """A workflow used in the last 30 days, and how reliable it was."""


class OneWorkflowReliability(WorkflowReliability):
    """How reliable one workflow is."""

    as_of: date


class OneWorkflow(OneWorkflowReliability):
    """Everything about one workflow."""

    popularity_rank: int | None = Field(description="null when not used in the last 7 days.")


class AbandonedWorkflow(WorkflowName):
    """A workflow that more than 5 users used and nobody uses any more."""

    users_who_abandoned: int
    avg_tries_before_abandon: float
    median_tries_before_abandon: float
    last_used_date: date


_POPULAR: Final = Listing(
    item=PopularWorkflow,
    select="""
select workflow_id, workflow_name, popularity_rank, total_executions, unique_users,
    people_execution_count, machine_execution_count, success_rate as success_rate_fraction,
    previous_rank, rank_change, previous_total_executions, execution_change, reliability
from marts.popular_workflows
where as_of_date = %(as_of)s
""",
    order=(Key("popularity_rank", INTEGER),),
    follows_build=True,
    searched=holds("workflow_name"),
)
_RELIABLE_COLUMNS: Final = """
    coalesce(rates.total_executions, 0) as total_executions,
    coalesce(rates.success_count, 0) as success_count,
    coalesce(rates.failure_count, 0) as failure_count,
    coalesce(rates.cancelled_count, 0) as cancelled_count,
    coalesce(rates.open_count, 0) as open_count,
    coalesce(rates.sample_size, 0) as sample_size,
    rates.success_rate as success_rate_fraction,
    rates.failure_rate as failure_rate_fraction,
    rates.success_rate_lower as success_rate_lower_fraction,
    rates.success_rate_upper as success_rate_upper_fraction,
    coalesce(rates.unique_users, 0) as unique_users,
    rates.avg_duration_ms, durations.p50_duration_ms, durations.p95_duration_ms,
    coalesce(rates.reliability, 'grey') as reliability
"""
_RATES: Final = Listing(
    item=WorkflowReliability,
    select="select rates.workflow_id, rates.workflow_name,"
    + _RELIABLE_COLUMNS
    + """, coalesce(rates.success_rate_upper, 2) as worst_first
from marts.workflow_success_rates as rates
left join marts.workflow_duration_percentiles as durations using (workflow_id)
where rates.as_of_date = %(as_of)s
""",
    order=(
        Key("worst_first", DOUBLE, "coalesce(rates.success_rate_upper, 2)"),
        Key("workflow_id", ID, "rates.workflow_id"),
    ),
    follows_build=True,
    searched=holds("rates.workflow_name"),
)
_ONE: Final[LiteralString] = (
    "select workflows.workflow_id, workflows.workflow_name, popular.popularity_rank,"
    + _RELIABLE_COLUMNS
    + """
from marts.workflows as workflows
left join marts.workflow_success_rates as rates
    on workflows.workflow_id = rates.workflow_id and rates.as_of_date = %(as_of)s
left join marts.workflow_duration_percentiles as durations
    on workflows.workflow_id = durations.workflow_id
left join marts.popular_workflows as popular
    on workflows.workflow_id = popular.workflow_id and popular.as_of_date = %(as_of)s
where workflows.workflow_id = %(workflow_id)s
"""
)
_ABANDONED: Final = Listing(
    item=AbandonedWorkflow,
    select="""
select workflow_id, workflow_name, users_who_abandoned, avg_tries_before_abandon,
    median_tries_before_abandon, last_used_date
from marts.abandoned_workflows
where true
""",
    order=(Key("users_who_abandoned", INTEGER), Key("workflow_id", ID)),
    follows_build=True,
    descending=True,
    searched=holds("workflow_name"),
)


async def _workflow(
    workflow_id: Annotated[
        str,
        Path(
            description="The workflow: a UUID, or the id that the source knows it by.",
            min_length=1,
            max_length=255,
        ),
    ],
    request: Request,
) -> UUID:
    return mapped_id("workflow", workflow_id, services_of(request).id_namespace)


WorkflowId = Annotated[UUID, Depends(_workflow)]


@router.get(
    "/popular",
    response_model=Page[PopularWorkflow],
    responses=documented(401, 403, 429),
    summary="Most popular workflows",
)
async def get_popular_workflows(
    request: Request,
    _: ReaderCaller,
    paging: Searched,
) -> Response:
    """The last 7 days, most executions first."""
    return await page(request, _POPULAR, paging)


@router.get(
    "/success-rates",
    response_model=Page[WorkflowReliability],
    responses=documented(401, 403, 429),
    summary="Reliability of all workflows, worst first",
)
async def get_success_rates(
    request: Request,
    _: ReaderCaller,
    paging: Searched,
) -> Response:
    """The last 30 days. Worst is the least upper bound, so that 1 of 2 failing says little."""
    return await page(request, _RATES, paging)


@router.get(
    "/success-rate/{workflow_id:id}",
    response_model=OneWorkflowReliability,
    responses=documented(401, 403, 404, 429),
    summary="Reliability of a workflow",
)
async def get_workflow_success_rate(
    request: Request, _: ReaderCaller, workflow: WorkflowId
) -> Response:
    """The last 30 days; zeros and nulls for a workflow that was not used in them."""
    return await _one(request, workflow, OneWorkflowReliability)


@router.get(
    "/workflow/{workflow_id:id}",
    response_model=OneWorkflow,
    responses=documented(401, 403, 404, 429),
    summary="A workflow",
)
async def get_workflow(request: Request, _: ReaderCaller, workflow: WorkflowId) -> Response:
    """Its name, its reliability in the last 30 days and its rank in the last 7."""
    return await _one(request, workflow, OneWorkflow)


@router.get(
    "/abandoned",
    response_model=Page[AbandonedWorkflow],
    responses=documented(401, 403, 429),
    summary="Workflows that users stopped using",
)
async def get_abandoned_workflows(
    request: Request,
    _: ReaderCaller,
    paging: Searched,
) -> Response:
    """Used by more than 5 users 30 days ago or earlier, and by nobody in the last 7 days."""
    return await page(request, _ABANDONED, paging)


async def _one(request: Request, workflow: UUID, model: type[BaseModel]) -> Response:
    reader = services_of(request).reader
    as_of = await reader.as_of()
    tag = build_tag(as_of)
    if is_known(request, tag):
        return unchanged(tag)
    row = await reader.row(_ONE, {"workflow_id": workflow, "as_of": as_of.day})
    if row is None:
        raise ProblemError(404, "There is no such workflow.")
    return answer(request, object_json(model, {**row, "as_of": as_of.day}), tag)
