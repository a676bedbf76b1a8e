"""Who calls, and who there is: `/me` and `/users`."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import Caller, CallerDep, needs
from usage_pipeline.api.errors import documented
from usage_pipeline.api.listing import BIGINT, ID, Key, Listing, Page, Paged, holds
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.services import ReaderDep

router = topic("people")


class Me(BaseModel):
    """Who calls."""

    user_id: UUID | None = Field(description="The person; null for an application or the demo.")
    user_name: str | None
    scopes: list[str]
    is_demo: bool = Field(description="Whether this server asks nobody who they are.")
    as_of: date


class User(BaseModel):
    """A user with an execution."""

    user_id: UUID
    user_name: str | None = Field(description="The id that the source knows the user by.")
    execution_count: int
    last_used_date: date


_NAME = "select user_name from marts.users where user_id = %(user_id)s"
_USERS = Listing(
    item=User,
    select="""
select user_id, user_name, execution_count, last_used_date
from marts.users
where true
""",
    order=(Key("execution_count", BIGINT), Key("user_id", ID)),
    follows_build=True,
    descending=True,
    searched="(" + holds("user_name") + " or user_id::text = lower(%(search)s::text))",
)


@router.get("/me", response_model=Me, responses=documented(401, 429), summary="Who calls")
async def me(request: Request, caller: CallerDep, reader: ReaderDep) -> Response:
    """Whom the key or token speaks for, and what it may do."""
    as_of = await reader.as_of()
    row = await reader.row(_NAME, {"user_id": caller.user_id}) if caller.user_id else None
    values = {
        "user_id": caller.user_id,
        "user_name": (row and row["user_name"]) or caller.user_name,
        "scopes": sorted(caller.scopes),
        "is_demo": caller.is_demo,
        "as_of": as_of.day,
    }
    return answer(request, object_json(Me, values))


@router.get(
    "/users",
    response_model=Page[User],
    responses=documented(401, 403, 429),
    summary="Users, most executions first",
)
async def users(
    request: Request,
    _: Annotated[Caller, Depends(needs("read:all"))],
    paging: Paged,
    search: Annotated[
        str | None, Query(max_length=255, description="A part of the name, or the id.")
    ] = None,
) -> Response:
    """Everybody with an execution."""
    text = search.replace("\0", "") if search else None
    return await page(request, _USERS, replace(paging, search=text or None))
