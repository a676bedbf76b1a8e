"""Favourites: what a user keeps at hand, under which name, and in which order."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import ChangeableUser, ReadableUser
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.listing import ID, INTEGER, TIMESTAMPTZ, Key, Listing, Page, Paged, Paging
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.routes.workflows import WorkflowId
from usage_pipeline.api.schemas import Reliability, SuccessRate, WorkflowName
from usage_pipeline.api.services import ReaderDep, ServicesDep
from usage_pipeline.identity import mapped_id

router = topic("favourites")

_CUSTOM_NAME = Field(default=None, max_length=255, pattern=r"^[^\x00]*$")
_CATEGORY = Field(default=None, max_length=100, pattern=r"^[^\x00]*$")
_MOST_FAVOURITES = 1000


class Favourite(SuccessRate, WorkflowName):
    """A workflow that a user keeps at hand."""

    custom_name: str | None = Field(description="The user's own name for it.")
    category: str | None
    position: int | None = Field(description="From 1; null for one that was never moved.")
    usage_count: int = Field(description="The user's executions, as of the last night.")
    last_used: datetime | None
    added_at: datetime
    reliability: Reliability = Field(description="The workflow's, in the last 30 days.")


class FavouriteItem(Favourite):
    """A favourite, as of a day."""

    as_of: date


class NewFavourite(BaseModel):
    """A workflow to keep at hand."""

    workflow_id: str = Field(min_length=1, max_length=255)
    custom_name: str | None = _CUSTOM_NAME
    category: str | None = _CATEGORY


class FavouriteChange(BaseModel):
    """Fields to change: one that is left out stays as it is, null takes it away."""

    custom_name: str | None = _CUSTOM_NAME
    category: str | None = _CATEGORY


class FavouriteOrder(BaseModel):
    """The favourites in their new order."""

    workflow_ids: list[UUID] = Field(
        max_length=_MOST_FAVOURITES, description="Those left out come after, as they were."
    )


_SELECT: Final = """
select found.workflow_id,
    -- One that was only just reported is in no mart yet.
    coalesce(named.workflow_name, (
        select reported from raw.reported_workflow_name(found.workflow_id) as reported
        where named.workflow_id is null
    )) as workflow_name,
    found.custom_name, found.category, found.position,
    found.usage_count, found.last_used, found.added_at,
    rates.success_rate as success_rate_fraction,
    coalesce(rates.reliability, 'grey') as reliability,
    coalesce(found.position, 2147483647) as place
from raw.workflow_favorites as found
left join marts.workflows as named on found.workflow_id = named.workflow_id
left join marts.workflow_success_rates as rates
    on found.workflow_id = rates.workflow_id and rates.as_of_date = %(as_of)s
where found.user_id = %(user_id)s
"""
_FAVOURITES: Final = Listing(
    item=Favourite,
    select=_SELECT,
    order=(
        Key("place", INTEGER, "coalesce(found.position, 2147483647)"),
        Key("added_at", TIMESTAMPTZ, "found.added_at"),
        Key("workflow_id", ID, "found.workflow_id"),
    ),
)
_ONE: Final = _SELECT + "and found.workflow_id = %(workflow_id)s"
_LAST_ALLOWED: Final = """
select workflow_id from raw.workflow_favorites
where user_id = %(user_id)s
offset %(last_allowed)s limit 1
"""
_ADD: Final = """
insert into raw.workflow_favorites
    (user_id, workflow_id, custom_name, category, usage_count, last_used)
select %(user_id)s, wanted.workflow_id, %(custom_name)s, %(category)s,
    least(coalesce(stats.total_executions, 0), 2147483647), stats.last_used_at
from (values (%(workflow_id)s::uuid)) as wanted (workflow_id)
left join marts.user_workflow_stats as stats
    on stats.user_id = %(user_id)s and stats.workflow_id = wanted.workflow_id
where exists (select from marts.workflows where workflows.workflow_id = wanted.workflow_id)
    or exists (select from raw.reported_workflow_name(wanted.workflow_id))
on conflict (user_id, workflow_id) do nothing
"""
_CHANGE: Final = """
update raw.workflow_favorites set
    custom_name = case when %(has_name)s then %(custom_name)s else custom_name end,
    category = case when %(has_category)s then %(category)s else category end
where user_id = %(user_id)s and workflow_id = %(workflow_id)s
"""
_ORDER: Final = """
update raw.workflow_favorites as found set position = wanted.place
from (
    select favourite.workflow_id, (row_number() over (
        order by given.place nulls last, favourite.position nulls last, favourite.added_at,
            favourite.workflow_id
    ))::int as place
    from raw.workflow_favorites as favourite
    left join (
        select distinct on (id) id, place
        from unnest(%(workflow_ids)s::uuid[]) with ordinality as listed (id, place)
        order by id, place
    ) as given on favourite.workflow_id = given.id
    where favourite.user_id = %(user_id)s
) as wanted
where found.user_id = %(user_id)s and found.workflow_id = wanted.workflow_id
"""
_DELETE: Final = """
delete from raw.workflow_favorites
where user_id = %(user_id)s and workflow_id = %(workflow_id)s
"""


@router.get(
    "/user/{user_id:id}/favorites",
    response_model=Page[Favourite],
    responses=documented(401, 403, 429),
    summary="A user's favourites",
)
async def get_user_favorites(
    request: Request,
    user: ReadableUser,
    paging: Paged,
) -> Response:
    """In the user's own order; those never moved after the others, oldest first."""
    return await page(request, _FAVOURITES, paging, {"user_id": user}, acting_for=user)


@router.post(
    "/user/{user_id:id}/favorites",
    status_code=201,
    response_model=FavouriteItem,
    responses={
        200: {
            "model": FavouriteItem,
            "description": "It was a favourite already, and stays as it was.",
        },
        **documented(401, 403, 404, 409, 429),
    },
    summary="Add a favourite",
)
async def add_to_favorites(
    request: Request,
    user: ChangeableUser,
    reader: ReaderDep,
    services: ServicesDep,
    new: NewFavourite | None = None,
    workflow_id: Annotated[
        str | None,
        Query(min_length=1, max_length=255, description="Instead of a body: the workflow."),
    ] = None,
) -> Response:
    """Keep a workflow at hand."""
    favourite = new or (NewFavourite(workflow_id=workflow_id) if workflow_id else None)
    if favourite is None:
        raise ProblemError(422, "Say which workflow: workflow_id in the body or the query.")
    as_of = await reader.as_of()
    values = {
        "user_id": user,
        "as_of": as_of.day,
        "last_allowed": _MOST_FAVOURITES - 1,
        **favourite.model_dump(),
        "workflow_id": mapped_id("workflow", favourite.workflow_id, services.id_namespace),
    }
    async with reader.acting_for(user) as connection:
        if await (await connection.execute(_LAST_ALLOWED, values)).fetchone() is not None:
            raise ProblemError(409, f"Nobody can have more than {_MOST_FAVOURITES:,} favourites.")
        added = (await connection.execute(_ADD, values)).rowcount
        row = await (await connection.execute(_ONE, values)).fetchone()
    if row is None:
        raise ProblemError(404, "There is no such workflow.")
    body = object_json(FavouriteItem, {**row, "as_of": as_of.day})
    return answer(request, body, status=201 if added else 200)


@router.put(
    "/user/{user_id:id}/favorites/order",
    response_model=Page[Favourite],
    responses=documented(401, 403, 429),
    summary="Put favourites in order",
)
async def order_favorites(
    request: Request, user: ChangeableUser, reader: ReaderDep, order: FavouriteOrder
) -> Response:
    """Give the favourites the order of the list; ids that are no favourites are passed over."""
    values = {"user_id": user, "workflow_ids": order.workflow_ids}
    async with reader.acting_for(user) as connection:
        await connection.execute(_ORDER, values)
    return await page(request, _FAVOURITES, Paging(limit=200), {"user_id": user}, acting_for=user)


@router.patch(
    "/user/{user_id:id}/favorites/{workflow_id:id}",
    response_model=FavouriteItem,
    responses=documented(401, 403, 404, 429),
    summary="Rename a favourite, or put it into a category",
)
async def change_favorite(
    request: Request,
    user: ChangeableUser,
    workflow: WorkflowId,
    reader: ReaderDep,
    change: FavouriteChange,
) -> Response:
    """Change what the body names."""
    as_of = await reader.as_of()
    values: dict[str, Any] = {
        "user_id": user,
        "workflow_id": workflow,
        "as_of": as_of.day,
        "has_name": "custom_name" in change.model_fields_set,
        "has_category": "category" in change.model_fields_set,
        **change.model_dump(),
    }
    async with reader.acting_for(user) as connection:
        await connection.execute(_CHANGE, values)
        row = await _one(connection, values)
    return answer(request, object_json(FavouriteItem, {**row, "as_of": as_of.day}))


@router.delete(
    "/user/{user_id:id}/favorites/{workflow_id:id}",
    status_code=204,
    responses=documented(401, 403, 404, 429),
    summary="Remove a favourite",
)
async def remove_favorite(
    user: ChangeableUser, workflow: WorkflowId, reader: ReaderDep
) -> Response:
    """Remove one of the user's favourites."""
    async with reader.acting_for(user) as connection:
        deletion = await connection.execute(_DELETE, {"user_id": user, "workflow_id": workflow})
    if not deletion.rowcount:
        raise _none()
    return Response(status_code=204)


async def _one(connection: AsyncConnection[DictRow], values: dict[str, Any]) -> DictRow:
    row = await (await connection.execute(_ONE, values)).fetchone()
    if row is None:
        raise _none()
    return row


def _none() -> ProblemError:
    return ProblemError(404, "The user has no such favourite.")
