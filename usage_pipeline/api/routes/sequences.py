"""Sequences: what a user, or several, run together again and again; and the templates of them."""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from usage_pipeline.api.answers import answer, object_json, page
from usage_pipeline.api.auth.access import ChangeableUser, ReadableUser, ReaderCaller
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.listing import BIGINT, ID, INTEGER, TIMESTAMPTZ, Key, Listing, Page, Paged
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.schemas import WorkflowName
from usage_pipeline.api.services import ReaderDep

router = topic("sequences")


class Sequence(BaseModel):
    """Workflows that a user runs one after the other."""

    sequence_id: UUID
    workflows: list[WorkflowName] = Field(description="In the order in which they are run.")
    frequency: int = Field(description="How often, in the window.")
    last_executed: datetime
    popularity_rank: int = Field(description="1 for the user's most frequent one.")
    is_saved: bool = Field(description="Whether the user has made a template of it.")


class PopularSequence(BaseModel):
    """Workflows that several users run one after the other, in the last 28 days."""

    sequence_id: UUID
    workflows: list[WorkflowName]
    user_count: int
    support: int = Field(description="Sessions with it in them.")
    day_count: int
    confidence: float = Field(description="How often the last step follows the ones before it.")
    lift: float = Field(description="How much more often than by chance; 1 is chance.")
    last_executed: datetime


class Template(BaseModel):
    """A sequence that a user has saved."""

    template_id: UUID
    name: str
    sequence_id: UUID
    workflows: list[WorkflowName]
    created_at: datetime


class TemplateItem(Template):
    """A template, as of a day."""

    as_of: date


class NewTemplate(BaseModel):
    """A sequence to save as a template."""

    sequence_id: UUID = Field(description="One of the user's sequences, or a popular one.")
    name: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00]*\S[^\x00]*$")


_WORKFLOWS: Final = """(
    select coalesce(json_agg(json_build_object(
        'workflow_id', step.id, 'workflow_name', named.workflow_name) order by step.place), '[]')
    from unnest(found.workflow_ids) with ordinality as step (id, place)
    left join marts.workflows as named on step.id = named.workflow_id
) as workflows"""
_SEQUENCES: Final = Listing(
    item=Sequence,
    select="select found.sequence_id, "  # noqa: S608 - constants only
    + _WORKFLOWS
    + """, found.frequency, found.last_executed, found.popularity_rank,
    exists (
        select from raw.workflow_templates as saved
        where saved.user_id = %(user_id)s and saved.sequence_id = found.sequence_id
    ) as is_saved
from mining.workflow_sequence_windows as found
where found.user_id = %(user_id)s and found.window_days = %(window)s
""",
    order=(
        Key("popularity_rank", INTEGER, "found.popularity_rank"),
        Key("sequence_id", ID, "found.sequence_id"),
    ),
)
_POPULAR: Final = Listing(
    item=PopularSequence,
    select="select found.sequence_id, "
    + _WORKFLOWS
    + """, found.user_count, found.support, found.day_count, found.confidence, found.lift,
    found.last_executed
from mining.popular_sequences as found
where true
""",
    order=(
        Key("user_count", BIGINT, "found.user_count"),
        Key("support", BIGINT, "found.support"),
        Key("sequence_id", ID, "found.sequence_id"),
    ),
    descending=True,
)
_TEMPLATES: Final = Listing(
    item=Template,
    select="select found.template_id, found.name, found.sequence_id, "
    + _WORKFLOWS
    + """, found.created_at
from raw.workflow_templates as found
where found.user_id = %(user_id)s
""",
    order=(
        Key("created_at", TIMESTAMPTZ, "found.created_at"),
        Key("template_id", ID, "found.template_id"),
    ),
    descending=True,
)
_SAVE: Final = """
insert into raw.workflow_templates (user_id, name, sequence_id, workflow_ids)
select %(user_id)s, %(name)s, %(sequence_id)s, workflow_ids
from (
    select workflow_ids from mining.workflow_sequence_windows
    where user_id = %(user_id)s and sequence_id = %(sequence_id)s
    union all
    select workflow_ids from mining.workflow_sequences
    where user_id = %(user_id)s and sequence_id = %(sequence_id)s
    union all
    select workflow_ids from mining.workflow_subsequences
    where user_id = %(user_id)s and sequence_id = %(sequence_id)s
    union all
    select workflow_ids from mining.popular_sequences where sequence_id = %(sequence_id)s
) as known
limit 1
on conflict (user_id, sequence_id) do nothing
"""
_SAVED: Final = (
    "select found.template_id, found.name, found.sequence_id, "
    + _WORKFLOWS
    + """, found.created_at
from raw.workflow_templates as found
where found.user_id = %(user_id)s and found.sequence_id = %(sequence_id)s
"""
)
_DELETE: Final = """
delete from raw.workflow_templates
where user_id = %(user_id)s and template_id = %(template_id)s
"""


@router.get(
    "/sequences/{user_id:id}",
    response_model=Page[Sequence],
    responses=documented(401, 403, 429),
    summary="Workflows that a user runs one after the other",
)
async def get_workflow_sequences(
    request: Request,
    user: ReadableUser,
    paging: Paged,
    window: Annotated[
        Literal["7", "28", "90"], Query(description="Days that end with the as-of date.")
    ] = "7",
) -> Response:
    """The five most frequent sequences of the window, by whole sessions."""
    return await page(
        request, _SEQUENCES, paging, {"user_id": user, "window": int(window)}, acting_for=user
    )


@router.get(
    "/popular-sequences",
    response_model=Page[PopularSequence],
    responses=documented(401, 403, 429),
    summary="Sequences that several users share",
)
async def get_popular_sequences(
    request: Request,
    _: ReaderCaller,
    paging: Paged,
) -> Response:
    """The last 28 days, those of most users first."""
    return await page(request, _POPULAR, paging)


@router.get(
    "/user/{user_id:id}/templates",
    response_model=Page[Template],
    responses=documented(401, 403, 429),
    summary="A user's templates",
)
async def get_templates(
    request: Request,
    user: ReadableUser,
    paging: Paged,
) -> Response:
    """Sequences that the user has saved, the newest first."""
    return await page(request, _TEMPLATES, paging, {"user_id": user}, acting_for=user)


@router.post(
    "/user/{user_id:id}/templates",
    status_code=201,
    response_model=TemplateItem,
    responses={
        200: {"model": TemplateItem, "description": "It was saved before, and stays as it was."},
        **documented(401, 403, 404, 429),
    },
    summary="Save a sequence as a template",
)
async def add_template(
    request: Request, user: ChangeableUser, reader: ReaderDep, new: NewTemplate
) -> Response:
    """Save one of the user's sequences, or a popular one, under a name."""
    as_of = await reader.as_of()
    values = {"user_id": user, "name": new.name.strip(), "sequence_id": new.sequence_id}
    async with reader.acting_for(user) as connection:
        inserted = (await connection.execute(_SAVE, values)).rowcount
        row = await (await connection.execute(_SAVED, values)).fetchone()
    if row is None:
        raise ProblemError(404, "The user has no such sequence.")
    body = object_json(TemplateItem, {**row, "as_of": as_of.day})
    return answer(request, body, status=201 if inserted else 200)


@router.delete(
    "/user/{user_id:id}/templates/{template_id:id}",
    status_code=204,
    responses=documented(401, 403, 404, 429),
    summary="Delete a template",
)
async def delete_template(user: ChangeableUser, reader: ReaderDep, template_id: UUID) -> Response:
    """Delete one of the user's templates."""
    async with reader.acting_for(user) as connection:
        deletion = await connection.execute(_DELETE, {"user_id": user, "template_id": template_id})
    if not deletion.rowcount:
        raise ProblemError(404, "The user has no such template.")
    return Response(status_code=204)
