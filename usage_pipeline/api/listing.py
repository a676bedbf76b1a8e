"""Pages: keyset cursors over queries whose order is fixed.

A cursor holds the place of the last item in the order, so that a page costs the same however far
it is, and nothing is left out or told twice while rows come and go. It also holds what was searched
for, so that a page of one search cannot be gone on with in another.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Generic, LiteralString, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from usage_pipeline.api.database import Row
from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.schemas import percent

Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """Some items of a list, and where the next ones begin."""

    as_of: date = Field(description="The last day that the answer counts.")
    items: list[Item]
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next items; null after the last."
    )


@dataclass(frozen=True)
class Paging:
    """Which part of a list is asked for."""

    limit: int = 50
    cursor: str | None = None
    search: str | None = None


Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="The `next_cursor` of the page before.")
]
Search = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="A part of the workflow's name, in whatever case.",
    ),
]


async def _paging(limit: Limit = 50, cursor: Cursor = None) -> Paging:
    return Paging(limit, cursor)


async def _searching(limit: Limit = 50, cursor: Cursor = None, search: Search = None) -> Paging:
    return Paging(limit, cursor, search)


# The query parameters of a list, and of one that can be searched by name.
Paged = Annotated[Paging, Depends(_paging)]
Searched = Annotated[Paging, Depends(_searching)]


def holds(name: LiteralString) -> LiteralString:
    """The condition that a column holds what is searched for, whatever the case and the script.

    A letter may have two small forms, as sigma has, so that both texts are made upper-case first.
    No character stands for others.
    """
    return f"strpos(lower(upper(normalize({name}))), lower(upper(normalize(%(search)s::text)))) > 0"


@dataclass(frozen=True)
class KeyType:
    """The type of a key's values: to Postgres, and to Python."""

    cast: LiteralString
    python: type


BIGINT = KeyType("bigint", int)
DATE = KeyType("date", date)
DOUBLE = KeyType("double precision", float)
INTEGER = KeyType("int", int)
TEXT = KeyType("text", str)
TIMESTAMPTZ = KeyType("timestamptz", datetime)
ID = KeyType("uuid", UUID)


@dataclass(frozen=True)
class Key:
    """A column that orders a list; never null.

    Attributes:
        column: the column of the rows that holds it.
        type: what its values are.
        expression: what it is called in the query's conditions, unless it is the column's name.
    """

    column: LiteralString
    type: KeyType
    expression: LiteralString | None = None

    @property
    def sql(self) -> LiteralString:
        """The key in conditions and in the order."""
        return self.expression or self.column


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """A list that can be paged.

    Attributes:
        item: the model of an item.
        select: the query without order, ending in its conditions (at least `where true`).
        order: the keys that order it, unique together.
        descending: whether all of them descend; else all ascend.
        searched: the condition of what a search finds; none when there is no search.
        follows_build: whether only a build of the marts changes it.
        worded: what a row says in words, by column; none when it says nothing in words.
    """

    item: type[Item]
    select: LiteralString
    order: tuple[Key, ...]
    descending: bool = False
    searched: LiteralString | None = None
    follows_build: bool = False
    worded: Callable[[Row], Row] | None = None

    @cached_property
    def _rates(self) -> list[tuple[str, str]]:
        names = [name.removesuffix("_percent") for name in self.item.model_computed_fields]
        return [(f"{name}_fraction", f"{name}_percent") for name in names]

    @cached_property
    def _place(self) -> TypeAdapter[Any]:
        types: tuple[Any, ...] = tuple(key.type.python for key in self.order)
        if self.searched is not None:
            types = (*types, str | None)
        return TypeAdapter(tuple[types])  # type: ignore[valid-type]

    @cached_property
    def _after(self) -> LiteralString:
        values: LiteralString = ", ".join(
            "%(after_" + number + ")s::" + key.type.cast
            for number, key in zip(("0", "1", "2", "3"), self.order, strict=False)
        )
        sign: LiteralString = "<" if self.descending else ">"
        order: LiteralString = ", ".join(key.sql for key in self.order)
        return f"\n and ({order}) {sign} ({values})"

    @cached_property
    def _order_and_limit(self) -> LiteralString:
        direction: LiteralString = " desc" if self.descending else ""
        order: LiteralString = ", ".join(key.sql + direction for key in self.order)
        return f"\norder by {order}\nlimit %(rows)s"

    def query(self, paging: Paging) -> tuple[LiteralString, dict[str, Any]]:
        """The query of a page, with one row more than was asked for, and the values it needs.

        Raises:
            ProblemError: the cursor is none of this list.
        """
        values: dict[str, Any] = {"rows": paging.limit + 1}
        query = self.select
        if paging.search is not None and self.searched is not None:
            query += "\n and " + self.searched
            values["search"] = paging.search
        if paging.cursor is not None:
            query += self._after
            place = self._decoded(paging.cursor, paging.search)
            values |= {f"after_{number}": value for number, value in enumerate(place)}
        return query + self._order_and_limit, values

    def next_cursor(self, rows: list[dict[str, Any]], paging: Paging) -> str | None:
        """The cursor after the page's rows, if there are more."""
        if len(rows) <= paging.limit:
            return None
        last = rows[paging.limit - 1]
        searched = () if self.searched is None else (paging.search,)
        place = (*(last[key.column] for key in self.order), *searched)
        return base64.urlsafe_b64encode(self._place.dump_json(place)).decode().rstrip("=")

    def items(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of the query as the model of an item says: changed in place, and not checked.

        Making a model of each row would take as long as everything else that a request does.
        """
        # Columns that the model does not have are there for the order or the words.
        hidden = [name for name in rows[0] if name not in self.item.model_fields] if rows else []
        for row in rows:
            if self.worded is not None:
                row.update(self.worded(row))
            for fraction, in_percent in self._rates:
                row[in_percent] = percent(row[fraction])
            for name in hidden:
                del row[name]
        return rows

    def _decoded(self, cursor: str, search: str | None) -> tuple[Any, ...]:
        try:
            text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            place: tuple[Any, ...] = self._place.validate_json(text)
            if self.searched is not None and place[-1] != search:
                raise ValueError("the cursor of another search")
        except (ValueError, UnicodeEncodeError, ValidationError):
            raise ProblemError(
                422, "The cursor is none of this list: start again without it."
            ) from None
        return place[: len(self.order)]
