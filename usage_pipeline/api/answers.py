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
    header = request.headers.get("if-none-match")
    return header is not None and (header.strip() == "*" or tag.removeprefix("W/") in _tags(header))


def unchanged(tag: str) -> Response:
    """The answer to a caller that has it already."""
    return Response(status_code=304, headers={"ETag": tag, **_CACHING})


def answer(request: Request, body: bytes, tag: str | None = None, status: int = 200) -> Response:
    """JSON with its ETag; that of its own bytes unless one is given."""
    tag = tag or f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.method == "GET" and is_known(request, tag):
        return unchanged(tag)
    return Response(body, status, {"ETag": tag, **_CACHING}, "application/json")


async def page(
    request: Request,
    listing: Listing[Item],
    paging: Paging,
    values: Mapping[str, Any] | None = None,
    *,
    as_of: AsOf | None = None,
    acting_for: UUID | None = None,
) -> Response:
    """A page of a list.

    Where only a build changes a list, a caller who has the page of that build costs no query.

    Args:
        request: what is answered.
        listing: the list.
        paging: which part of it.
        values: what its query needs beside `as_of`.
        as_of: the state that `values` were reckoned from: a build may end meanwhile.
        acting_for: the user whose own rows the database is to show.
    """
    reader = services_of(request).reader
    as_of = as_of or await reader.as_of()
    tag = build_tag(as_of) if listing.follows_build else None
    if tag is not None and is_known(request, tag):
        return unchanged(tag)
    query, place = listing.query(paging)
    rows = await reader.rows(
        query, {"as_of": as_of.day, **(values or {}), **place}, acting_for=acting_for
    )
    return answer(request, _page_json(listing, as_of, rows, paging), tag)


def _page_json(listing: Listing[Item], as_of: AsOf, rows: list[Row], paging: Paging) -> bytes:
    """The JSON of a page; `rows` are those of the listing's query."""
    next_cursor = listing.next_cursor(rows, paging)
    items = listing.items(rows[: paging.limit])
    return to_json({"as_of": as_of.day, "items": items, "next_cursor": next_cursor})


def object_json(model: type[BaseModel], values: Mapping[str, Any]) -> bytes:
    """The JSON of one object."""
    adapter = _adapter(model)
    return adapter.dump_json(adapter.validate_python(values))


@cache
def _adapter(model: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _tags(header: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in header.split(",")}
