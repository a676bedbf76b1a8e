"""Answers: JSON once made from a model, with an ETag, or 304 when the caller has it already."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from usage_pipeline.api.database import AsOf, Row
from usage_pipeline.api.listing import Item, Listing, Paging
from usage_pipeline.api.services import services_of

# Everything the answers are made of but the rows: another version may write them differently.
_VERSION = 1
# A browser keeps the answer and asks each time whether it still holds.
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}


def build_tag(as_of: AsOf) -> str:
    """The ETag of all that only a build of the marts changes."""
    return f'W/"{as_of.day}.{as_of.build:x}.{_VERSION}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller says that it has the answer with this ETag."""
    given = request.headers.get("if-none-match")
    return given is not None and (given.strip() == "*" or tag.removeprefix("W/") in _tags(given))


def unchanged(tag: str) -> Response:
    """The answer to a caller that has it already."""
    return Response(status_code=304, headers={"ETag": tag, **_CACHING})


def answer(request: Request, body: bytes, tag: str | None = None, status: int = 200) -> Response:
    """JSON with its ETag; that of its own bytes unless one is given."""
    tag = tag or f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.method == "GET" and is_known(request, tag):
        return unchanged(tag)
    return Response(body, status, {"ETag": tag, **_CACHING}, "application/json")


async def mart_page(
    request: Request,
    listing: Listing[Item],
    asked: Paging,
    values: Mapping[str, Any] | None = None,
    as_of: AsOf | None = None,
) -> Response:
    """A page of what only a build changes: a caller who knows the build costs no query.

    Values that were reckoned from an as-of date come with it: a build may end meanwhile.
    """
    reader = services_of(request).reader
    as_of = as_of or await reader.as_of()
    tag = build_tag(as_of)
    if is_known(request, tag):
        return unchanged(tag)
    query, places = listing.query(asked)
    rows = await reader.rows(query, {"as_of": as_of.day, **(values or {}), **places})
    return answer(request, page_json(listing, as_of, rows, asked), tag)


async def page(
    request: Request,
    listing: Listing[Item],
    asked: Paging,
    values: Mapping[str, Any] | None = None,
) -> Response:
    """A page of what changes by itself, as mined tables do."""
    reader = services_of(request).reader
    as_of = await reader.as_of()
    query, places = listing.query(asked)
    rows = await reader.rows(query, {"as_of": as_of.day, **(values or {}), **places})
    return answer(request, page_json(listing, as_of, rows, asked))


async def own_page(
    request: Request,
    listing: Listing[Item],
    asked: Paging,
    user: UUID,
    values: Mapping[str, Any] | None = None,
) -> Response:
    """A page of what a user can change, of which the database shows only the user's own."""
    reader = services_of(request).reader
    as_of = await reader.as_of()
    query, places = listing.query(asked)
    given = {"user_id": user, "as_of": as_of.day, **(values or {}), **places}
    async with reader.acting_for(user) as connection:
        rows = await (await connection.execute(query, given)).fetchall()
    return answer(request, page_json(listing, as_of, rows, asked))


def page_json(listing: Listing[Item], as_of: AsOf, rows: list[Row], asked: Paging) -> bytes:
    """The JSON of a page; `rows` are those of the listing's query."""
    next_cursor = listing.next_cursor(rows, asked)
    items = listing.items(rows[: asked.limit])
    return to_json({"as_of": as_of.day, "items": items, "next_cursor": next_cursor})


def object_json(model: type[BaseModel], values: Mapping[str, Any]) -> bytes:
    """The JSON of one object."""
    adapter = _adapter(model)
    return adapter.dump_json(adapter.validate_python(values))


@cache
def _adapter(model: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _tags(given: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in given.split(",")}
