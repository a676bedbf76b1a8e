"""One workflow over time, and what is run before and after it."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import ReaderCaller
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.listing import DATE, Cursor, Key, Listing, Page, Paged, Paging
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.routes.workflows import WorkflowId
from usage_pipeline.api.schemas import Counts, Reliability, SuccessRate, WorkflowName
from usage_pipeline.api.services import ReaderDep

router = topic("workflows")

_DEFAULT_DAYS = 90
MOST_DAYS = 1100
_MOST_NEIGHBOURS = 20


class WorkflowDay(SuccessRate, Counts):
    """One day of a workflow, with at least one execution."""

    execution_date: date
    execution_count: int
    unique_users: int
    avg_duration_ms: float | None
    reliability: Reliability


class LifecycleWeek(BaseModel):
    """One week of a workflow's users."""

    week_start_date: date
    active_users: int
    new_users: int
    returning_users: int
    resurrected_users: int
    dormant_users: int


class Neighbour(WorkflowName):
    """A workflow run directly before or after another one."""

    transition_count: int


class Neighbours(BaseModel):
    """Workflows run directly before and after a workflow, most often first."""

    as_of: date
    before: list[Neighbour]
    after: list[Neighbour]


_DAILY: Final = Listing(
    item=WorkflowDay,
    select="""
select execution_date, total_executions as execution_count, success_count, failure_count,
    cancelled_count, open_count, unique_users, success_rate as success_rate_fraction,
    avg_duration_ms, reliability
from marts.workflow_daily_usage
where workflow_id = %(workflow_id)s and execution_date between %(first)s and %(last)s
""",
    order=(Key("execution_date", DATE),),
    follows_build=True,
)
_LIFECYCLE: Final = Listing(
    item=LifecycleWeek,
    select="""
select week_start_date, active_users, new_users, returning_users, resurrected_users, dormant_users
from marts.workflow_lifecycle
where workflow_id = %(workflow_id)s
""",
    order=(Key("week_start_date", DATE),),
    follows_build=True,
    descending=True,
)
_NEIGHBOURS: Final = """
select neighbours.side, neighbours.neighbour_id as workflow_id, named.workflow_name,
    neighbours.transition_count
from marts.workflow_neighbours as neighbours
left join marts.workflows as named on neighbours.neighbour_id = named.workflow_id
where neighbours.workflow_id = %(workflow_id)s and neighbours.neighbour_rank <= %(most)s
order by neighbours.neighbour_rank
"""


class Span(BaseModel):
    """The days asked for; the end is the as-of date unless given."""

    first: date | None
    last: date | None

    def days(self, as_of: date) -> tuple[date, date]:
        """The first and last day.

        Raises:
            ProblemError: they are the wrong way round, or too far apart.
        """
        last = self.last or as_of
        try:
            first = self.first or last - timedelta(days=_DEFAULT_DAYS - 1)
        except OverflowError:
            first = date.min
        if first > last:
            raise ProblemError(422, f"from ({first}) comes after to ({last}): swap them.")
        if (last - first).days >= MOST_DAYS:
            raise ProblemError(422, f"Ask for at most {MOST_DAYS:,} days at once.")
        return first, last


async def span(
    first: Annotated[
        date | None, Query(alias="from", description="The first day; 90 days unless given.")
    ] = None,
    last: Annotated[
        date | None, Query(alias="to", description="The last day; the as-of date unless given.")
    ] = None,
) -> Span:
    """The query parameters of everything by day."""
    return Span(first=first, last=last)


async def _long_paging(
    limit: Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days at most.")] = 366,
    cursor: Cursor = None,
) -> Paging:
    return Paging(limit, cursor)


LongPaging = Annotated[Paging, Depends(_long_paging)]


@router.get(
    "/workflow/{workflow_id:id}/daily",
    response_model=Page[WorkflowDay],
    responses=documented(401, 403, 429),
    summary="A workflow day by day",
)
async def get_workflow_daily(
    request: Request,
    _: ReaderCaller,
    workflow: WorkflowId,
    reader: ReaderDep,
    paging: LongPaging,
    days: Annotated[Span, Depends(span)],
) -> Response:
    """Days with an execution, oldest first; the last 90 days unless asked otherwise."""
    as_of = await reader.as_of()
    first, last = days.days(as_of.day)
    values = {"workflow_id": workflow, "first": first, "last": last}
    return await page(request, _DAILY, paging, values, as_of=as_of)


@router.get(
    "/workflow/{workflow_id:id}/lifecycle",
    response_model=Page[LifecycleWeek],
    responses=documented(401, 403, 429),
    summary="A workflow's users week by week",
)
async def get_workflow_lifecycle(
    request: Request,
    _: ReaderCaller,
    workflow: WorkflowId,
    paging: Paged,
) -> Response:
    """Newest week first, down to the first one with a user."""
    return await page(request, _LIFECYCLE, paging, {"workflow_id": workflow})


@router.get(
    "/workflow/{workflow_id:id}/neighbours",
    response_model=Neighbours,
    responses=documented(401, 403, 429),
    summary="Workflows run before and after a workflow",
)
async def get_workflow_neighbours(
    request: Request, _: ReaderCaller, workflow: WorkflowId, reader: ReaderDep
) -> Response:
    """The last 28 days, all users together; the 20 most frequent on each side."""
    as_of = await reader.as_of()
    rows = await reader.rows(_NEIGHBOURS, {"workflow_id": workflow, "most": _MOST_NEIGHBOURS})
    sides = {side: [row for row in rows if row["side"] == side] for side in ("before", "after")}
    return answer(request, object_json(Neighbours, {"as_of": as_of.day, **sides}))
