"""Workflows of one user: `/user/{user_id}` and when in the week they run."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import page
from usage_pipeline.api.auth.access import ReadableUser
from usage_pipeline.api.errors import documented
from usage_pipeline.api.listing import (
    BIGINT,
    ID,
    INTEGER,
    TIMESTAMPTZ,
    Key,
    Listing,
    Page,
    Paged,
    Searched,
    holds,
)
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.schemas import Counts, Frequency, Reliability, SuccessRate, WorkflowName

router = topic("user")


class UserWorkflow(SuccessRate, Counts, WorkflowName):
    """A workflow and how a user uses it, over all time unless said otherwise."""

    execution_count: int
    finished_count: int = Field(description="success + failure: what the rate is made of.")
    reliability: Reliability = Field(
        description="By this user's rate: green above 90 %, yellow above 70 %, else red; grey with "
        "fewer than 5 finished executions."
    )
    avg_duration_ms: float | None
    first_used_date: date
    last_used_date: date
    last_used_at: datetime
    frequency: Frequency
    current_streak_days: int
    longest_streak_days: int
    executions_last_28_days: int
    executions_previous_28_days: int
    execution_trend_fraction: float | None = Field(
        description="Executions of the last 28 days against the 28 before: 0.5 is half as many "
        "again; null without earlier ones."
    )


class RhythmHour(BaseModel):
    """How much a user runs in one hour of the week."""

    weekday: int = Field(ge=0, le=6, description="0 is Monday.")
    hour: int = Field(ge=0, le=23, description="In the warehouse's time zone.")
    execution_count: int = Field(description="Executions by the person in the last 28 days.")


_SELECT: Final = """
select workflow_id, workflow_name, total_executions as execution_count, success_count,
    failure_count, cancelled_count, open_count, sample_size as finished_count,
    success_rate as success_rate_fraction, reliability,
    avg_duration_ms, first_used_date, last_used_date, last_used_at, frequency,
    current_streak_days, longest_streak_days, executions_last_28_days,
    executions_previous_28_days, execution_trend as execution_trend_fraction
from marts.user_workflow_stats
where user_id = %(user_id)s
"""
_LISTINGS: Final = {
    "recent": Listing(
        item=UserWorkflow,
        select=_SELECT,
        order=(Key("last_used_at", TIMESTAMPTZ), Key("workflow_id", ID)),
        descending=True,
        searched=holds("workflow_name"),
        follows_build=True,
    ),
    "use": Listing(
        item=UserWorkflow,
        select=_SELECT,
        order=(Key("execution_count", BIGINT, "total_executions"), Key("workflow_id", ID)),
        descending=True,
        searched=holds("workflow_name"),
        follows_build=True,
    ),
}
_RHYTHM = Listing(
    item=RhythmHour,
    select="""
select weekday, local_hour as hour, execution_count
from marts.user_rhythm
where user_id = %(user_id)s
""",
    order=(Key("weekday", INTEGER), Key("hour", INTEGER, "local_hour")),
)


@router.get(
    "/user/{user_id:id}",
    response_model=Page[UserWorkflow],
    responses=documented(401, 403, 429),
    summary="The workflows a user uses",
)
async def get_user_workflows(
    request: Request,
    user: ReadableUser,
    paging: Searched,
    order: Annotated[
        Literal["recent", "use"], Query(description="Last used first, or most used first.")
    ] = "recent",
) -> Response:
    """Each workflow with the user's own counts, rate, durations, frequency and trend."""
    return await page(request, _LISTINGS[order], paging, {"user_id": user})


@router.get(
    "/user/{user_id:id}/rhythm",
    response_model=Page[RhythmHour],
    responses=documented(401, 403, 429),
    summary="When in the week a user works",
)
async def get_rhythm(
    request: Request,
    user: ReadableUser,
    paging: Paged,
) -> Response:
    """Hours of the week with at least one execution by the person in the last 28 days."""
    return await page(request, _RHYTHM, paging, {"user_id": user})
