"""The organisation as a whole: its days and its insights, and what every column means."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from usage_pipeline.api.access import ReaderCaller
from usage_pipeline.api.answers import answer, mart_page, object_json, page
from usage_pipeline.api.errors import documented
from usage_pipeline.api.paging import Listing, Page, Paging, paging
from usage_pipeline.api.routes.workflow_history import LongPaging, Span, span
from usage_pipeline.api.schemas import Counts
from usage_pipeline.api.services import ReaderDep

router = APIRouter(tags=["organisation"])


class OrganisationDay(Counts):
    """One day of all workflows together."""

    execution_date: date
    execution_count: int


class OrganisationInsight(BaseModel):
    """Something worth doing, with the numbers that say so."""

    model_config = ConfigDict(extra="allow")

    insight_type: str
    workflow_id: UUID | None = None
    sequence_id: UUID | None = None
    workflow_ids: list[UUID] | None = None
    subject: str | None = None
    message: str
    user_count: int | None = None
    score: float | None = None


class Definitions(BaseModel):
    """What the columns mean, by `table.column`; a table's own text stands under its name."""

    items: dict[str, str]


_DAILY: Final = Listing(
    item=OrganisationDay,
    select="""
select * from (
    select execution_date, sum(total_executions)::bigint as execution_count,
        sum(success_count)::bigint as success_count, sum(failure_count)::bigint as failure_count,
        sum(cancelled_count)::bigint as cancelled_count, sum(open_count)::bigint as open_count
    from marts.workflow_daily_usage
    where execution_date between %(first)s and %(last)s
    group by execution_date
) as days
where true
""",
    order=("execution_date",),
    types=(date,),
    casts=("date",),
    keys=("execution_date",),
)
_INSIGHTS: Final = Listing(
    item=OrganisationInsight,
    select="""
select *, coalesce(score, 0) as sorted_by,
    coalesce(workflow_id, sequence_id)::text || insight_type as place
from marts.organisation_insights
where true
""",
    order=("coalesce(score, 0)", "coalesce(workflow_id, sequence_id)::text || insight_type"),
    types=(float, str),
    casts=("double precision", "text"),
    descending=True,
    keys=("sorted_by", "place"),
)
_DEFINITIONS: Final = """
select class.relname || coalesce('.' || attribute.attname, '') as name, description.description
from pg_description as description
inner join pg_class as class
    on description.objoid = class.oid and description.classoid = 'pg_class'::regclass
inner join pg_namespace as namespace on class.relnamespace = namespace.oid
left join pg_attribute as attribute
    on attribute.attrelid = class.oid and attribute.attnum = description.objsubid
        and attribute.attnum > 0
where namespace.nspname in ('marts', 'mining')
order by name
"""


@router.get(
    "/organisation/daily",
    response_model=Page[OrganisationDay],
    responses=documented(401, 403, 429),
    summary="All executions day by day",
)
async def get_organisation_daily(
    request: Request,
    _: ReaderCaller,
    reader: ReaderDep,
    asked: LongPaging,
    days: Annotated[Span, Depends(span)],
) -> Response:
    """Days with an execution, oldest first; the last 90 days unless asked otherwise."""
    first, last = days.days((await reader.as_of()).day)
    return await mart_page(request, reader, _DAILY, asked, {"first": first, "last": last})


@router.get(
    "/organisation/insights",
    response_model=Page[OrganisationInsight],
    responses=documented(401, 403, 429),
    summary="What the organisation should mend, automate, retire or keep",
)
async def get_organisation_insights(
    request: Request,
    _: ReaderCaller,
    reader: ReaderDep,
    asked: Annotated[Paging, Depends(paging)],
) -> Response:
    """The greatest score first."""
    return await page(request, reader, _INSIGHTS, asked)


@router.get(
    "/definitions",
    response_model=Definitions,
    responses=documented(401, 403, 429),
    summary="What every number means",
)
async def get_definitions(request: Request, _: ReaderCaller, reader: ReaderDep) -> Response:
    """The descriptions of the marts' and mined tables' columns."""
    rows = await reader.rows(_DEFINITIONS)
    items: dict[str, Any] = {row["name"]: row["description"] for row in rows}
    return answer(request, object_json(Definitions, {"items": items}))
