"""The organisation as a whole: its days and its insights, and what every column means."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, mart_page, object_json, page
from usage_pipeline.api.auth.access import ReaderCaller
from usage_pipeline.api.errors import documented
from usage_pipeline.api.listing import Listing, Page, Paged
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.routes.workflow_history import LongPaging, Span, span
from usage_pipeline.api.schemas import Counts, SuccessRate
from usage_pipeline.api.services import ReaderDep, ServicesDep

router = topic("organisation")


class OrganisationDay(Counts):
    """One day of all workflows together."""

    execution_date: date
    execution_count: int


class OrganisationInsight(SuccessRate):
    """Something worth doing, with the numbers that say so."""

    insight_type: Literal["fix_this", "automate_this", "retire_this", "valuable"]
    workflow_id: UUID | None = Field(description="null for what is about a sequence.")
    sequence_id: UUID | None
    workflow_ids: list[UUID] | None = Field(description="The steps of a sequence.")
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


class Definitions(BaseModel):
    """What the columns mean, by `table.column`; a table's own text stands under its name."""

    as_of: date
    items: dict[str, str]
    time_zone: str = Field(description="Where days begin and end.", examples=["Europe/Berlin"])


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
select insight_type, subject_id, workflow_id, sequence_id, workflow_ids, subject, message,
    user_count, score, execution_count, failure_count, success_rate as success_rate_fraction,
    last_used_date, day_count, confidence, lift, -score as score_place
from marts.organisation_insights
where true
""",
    order=("insight_type", "-score", "subject_id"),
    types=(str, float, UUID),
    casts=("text", "double precision", "uuid"),
    keys=("insight_type", "score_place", "subject_id"),
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
    as_of = await reader.as_of()
    first, last = days.days(as_of.day)
    return await mart_page(request, _DAILY, asked, {"first": first, "last": last}, as_of)


@router.get(
    "/organisation/insights",
    response_model=Page[OrganisationInsight],
    responses=documented(401, 403, 429),
    summary="What the organisation should mend, automate, retire or keep",
)
async def get_organisation_insights(
    request: Request,
    _: ReaderCaller,
    asked: Paged,
) -> Response:
    """By type; within one the greatest score first: scores of two types are not comparable."""
    return await page(request, _INSIGHTS, asked)


@router.get(
    "/definitions",
    response_model=Definitions,
    responses=documented(401, 403, 429),
    summary="What every number means",
)
async def get_definitions(
    request: Request, _: ReaderCaller, reader: ReaderDep, parts: ServicesDep
) -> Response:
    """The descriptions of the marts' and mined tables' columns, and the zone of their days."""
    rows = await reader.rows(_DEFINITIONS)
    items: dict[str, Any] = {row["name"]: row["description"] for row in rows}
    as_of = (await reader.as_of()).day
    found = {"as_of": as_of, "items": items, "time_zone": parts.settings.timezone}
    return answer(request, object_json(Definitions, found))
