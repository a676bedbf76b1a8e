"""Patterns and insights of a user, and the state of each insight."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import ChangeableUser, ReadableUser
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.listing import DOUBLE, ID, Key, Listing, Page, Paged
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.services import ReaderDep

router = topic("habits")

State = Literal["open", "dismissed", "resolved"]


class Pattern(BaseModel):
    """Something a user does regularly."""

    pattern_id: UUID
    pattern_type: Literal["time_based", "sequence", "conditional"]
    workflow_id: UUID
    workflow_name: str | None
    next_workflow_id: UUID | None
    next_workflow_name: str | None
    local_hour: int | None
    hour_count: int | None
    weekdays: list[int] | None = Field(description="0 is Monday.")
    description: str
    confidence: float = Field(description="Wilson 95 % lower bound of hits / opportunities.")
    hits: int
    opportunities: int
    evidence: dict[str, Any]


class Insight(BaseModel):
    """Something worth telling a user."""

    insight_id: UUID
    insight_type: str
    workflow_id: UUID | None
    workflow_name: str | None
    message: str
    action: str
    evidence: dict[str, Any] = Field(description="The numbers behind the message.")
    score: float
    state: State
    opened_date: date


class InsightItem(Insight):
    """An insight, as of a day."""

    as_of: date


_PATTERNS: Final = Listing(
    item=Pattern,
    select="""
select found.pattern_id, found.pattern_type, found.workflow_id, named.workflow_name,
    found.next_workflow_id, following.workflow_name as next_workflow_name, found.local_hour,
    found.hour_count, found.weekdays, found.description, found.confidence, found.hits,
    found.opportunities, found.evidence
from mining.usage_patterns as found
left join marts.workflows as named on found.workflow_id = named.workflow_id
left join marts.workflows as following on found.next_workflow_id = following.workflow_id
where found.user_id = %(user_id)s
""",
    order=(
        Key("confidence", DOUBLE, "found.confidence"),
        Key("pattern_id", ID, "found.pattern_id"),
    ),
    descending=True,
)
_INSIGHT: Final = """
select found.insight_id, found.insight_type, found.workflow_id, named.workflow_name,
    found.message, found.action, found.evidence, found.score, found.state, found.opened_date
from mining.usage_insights as found
left join marts.workflows as named on found.workflow_id = named.workflow_id
where found.user_id = %(user_id)s
"""
_INSIGHTS: Final = Listing(
    item=Insight,
    select=_INSIGHT + "and found.state = %(state)s",
    order=(Key("score", DOUBLE, "found.score"), Key("insight_id", ID, "found.insight_id")),
    descending=True,
)
_ONE: Final = _INSIGHT + "and found.insight_id = %(insight_id)s"
# A resolved insight is no longer true, so nobody can dismiss or open it.
_SET_STATE: Final = """
update mining.usage_insights set state = %(state)s
where user_id = %(user_id)s and insight_id = %(insight_id)s and state <> 'resolved'
"""


@router.get(
    "/user/{user_id:id}/patterns",
    response_model=Page[Pattern],
    responses=documented(401, 403, 429),
    summary="Patterns of a user",
)
async def get_patterns(
    request: Request,
    user: ReadableUser,
    paging: Paged,
) -> Response:
    """The surest first."""
    return await page(request, _PATTERNS, paging, {"user_id": user})


@router.get(
    "/user/{user_id:id}/insights",
    response_model=Page[Insight],
    responses=documented(401, 403, 429),
    summary="Insights for a user",
)
async def get_insights(
    request: Request,
    user: ReadableUser,
    paging: Paged,
    state: Annotated[State, Query(description="Which ones.")] = "open",
) -> Response:
    """The greatest score first."""
    return await page(request, _INSIGHTS, paging, {"user_id": user, "state": state})


@router.post(
    "/user/{user_id:id}/insights/{insight_id:id}/dismiss",
    response_model=InsightItem,
    responses=documented(401, 403, 404, 409, 429),
    summary="Dismiss an insight",
)
async def dismiss_insight(
    request: Request, user: ChangeableUser, reader: ReaderDep, insight_id: UUID
) -> Response:
    """It stays dismissed until its evidence changes materially. Doing it again changes nothing."""
    return await _set_state(request, reader, user, insight_id, "dismissed")


@router.post(
    "/user/{user_id:id}/insights/{insight_id:id}/reopen",
    response_model=InsightItem,
    responses=documented(401, 403, 404, 409, 429),
    summary="Open a dismissed insight again",
)
async def reopen_insight(
    request: Request, user: ChangeableUser, reader: ReaderDep, insight_id: UUID
) -> Response:
    """Take a dismissal back."""
    return await _set_state(request, reader, user, insight_id, "open")


async def _set_state(
    request: Request, reader: ReaderDep, user: UUID, insight_id: UUID, state: State
) -> Response:
    as_of = await reader.as_of()
    values = {"user_id": user, "insight_id": insight_id, "state": state}
    async with reader.acting_for(user) as connection:
        await connection.execute(_SET_STATE, values)
        row = await (await connection.execute(_ONE, values)).fetchone()
    if row is None:
        raise ProblemError(404, "The user has no such insight.")
    if row["state"] != state:
        raise ProblemError(409, "The insight is resolved: it is no longer true.")
    return answer(request, object_json(InsightItem, {**row, "as_of": as_of.day}))
