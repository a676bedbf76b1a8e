"""The organisation as a whole: its days and its insights, and what every column means."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import ReaderCaller
from usage_pipeline.api.errors import documented
from usage_pipeline.api.listing import DATE, DOUBLE, ID, TEXT, Key, Listing, Page, Paged
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.routes.workflow_history import LongPaging, Span, span
from usage_pipeline.api.schemas import Counts, Reliability, SuccessRate
from usage_pipeline.api.services import ReaderDep, ServicesDep
from usage_pipeline.mining.insights.wording import organisation_insight_in_words

router = topic("organisation")


class OrganisationDay(SuccessRate, Counts):
    """One day of all workflows together."""

    execution_date: date
    execution_count: int
    reliability: Reliability


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
    reliability: Reliability | None = Field(description="By the success rate; null without one.")


class Definitions(BaseModel):
    """The meaning of columns, by `table.column`; a table's own text stands under its name."""

    as_of: date
    items: dict[str, str]
    time_zone: str = Field(description="Where days begin and end.", examples=["Europe/Berlin"])


_DAILY: Final = Listing(
    item=OrganisationDay,
    select="""
select execution_date, total_executions as execution_count, success_count, failure_count,
    cancelled_count, open_count, success_rate as success_rate_fraction, reliability
from marts.organisation_daily_usage
where execution_date between %(first)s and %(last)s
""",
    order=(Key("execution_date", DATE),),
    follows_build=True,
)
# The subject and the message have a place here and are worded in Python.
_INSIGHTS: Final = Listing(
    item=OrganisationInsight,
    select="""
select insight_type, subject_id, workflow_id, sequence_id, workflow_ids,
    '' as subject, '' as message, workflow_name, workflow_names,
    user_count, score, execution_count, failure_count, success_rate as success_rate_fraction,
    last_used_date, day_count, confidence, lift, reliability, -score as score_place
from marts.organisation_insights
where true
""",
    order=(Key("insight_type", TEXT), Key("score_place", DOUBLE, "-score"), Key("subject_id", ID)),
    worded=organisation_insight_in_words,
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
    paging: LongPaging,
    days: Annotated[Span, Depends(span)],
) -> Response:
    """Days with an execution, oldest first; the last 90 days unless asked otherwise."""
    as_of = await reader.as_of()
    first, last = days.days(as_of.day)
    return await page(request, _DAILY, paging, {"first": first, "last": last}, as_of=as_of)


@router.get(
    "/organisation/insights",
    response_model=Page[OrganisationInsight],
    responses=documented(401, 403, 429),
    summary="Workflows that the organisation should mend, automate, retire or keep",
)
async def get_organisation_insights(
    request: Request,
    _: ReaderCaller,
    paging: Paged,
) -> Response:
    """By type; within one the greatest score first: scores of two types are not comparable."""
    return await page(request, _INSIGHTS, paging)


@router.get(
    "/definitions",
    response_model=Definitions,
    responses=documented(401, 403, 429),
    summary="The meaning of every number",
)
async def get_definitions(
    request: Request, _: ReaderCaller, reader: ReaderDep, parts: ServicesDep
) -> Response:
    """The descriptions of the marts' and mined tables' columns, and the zone of their days."""
    rows = await reader.rows(_DEFINITIONS)
    items: dict[str, Any] = {row["name"]: row["description"] for row in rows}
    as_of = (await reader.as_of()).day
    values = {"as_of": as_of, "items": items, "time_zone": parts.settings.timezone}
    return answer(request, object_json(Definitions, values))
