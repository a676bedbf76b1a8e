"""The API's connections: a pool that acts as the role usage_api, and what it reads with.

Row-level security shows and changes only the rows of the user that a transaction acts for.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, adapters
from psycopg.adapt import AdaptersMap
from psycopg.rows import DictRow, dict_row
from psycopg.types.numeric import FloatLoader
from psycopg_pool import AsyncConnectionPool

from usage_pipeline.api.errors import not_built
from usage_pipeline.warehouse.connection import Warehouse

# Rates and means are floats in JSON, in whatever type a mart keeps them.
_ADAPTERS = AdaptersMap(adapters)
_ADAPTERS.register_loader("numeric", FloatLoader)

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]
Row = dict[str, Any]

_WAIT_SECONDS = 5.0
_AS_OF_SECONDS = 1.0
# Every build makes this table anew, last of all: its number tells one build from the next.
_AS_OF = "select as_of_date, first_day, tableoid::bigint as build from marts.warehouse_as_of"


def open_pool(warehouse: Warehouse, size: int) -> Pool:
    """A pool that is not opened yet.

    Args:
        warehouse: where; its URL is the owner's.
        size: how many connections it may hold.
    """
    return AsyncConnectionPool(
        warehouse.conninfo(
            # From its first statement on, a connection is no more than the API needs to be.
            "usage-pipeline api",
            role="usage_api",
            statement_timeout="30s",
        ),
        min_size=2,
        max_size=size,
        open=False,
        timeout=_WAIT_SECONDS,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "context": _ADAPTERS,
        },
        check=None,
    )


@dataclass(frozen=True)
class AsOf:
    """The state of the marts: which day they are as of, and which build it was."""

    day: date
    first_day: date
    build: int


class Reader:
    """Reads the marts and acts on a user's rows."""

    def __init__(self, pool: Pool) -> None:
        """Read with a pool."""
        self._pool = pool
        self._known: tuple[float, AsOf] | None = None

    async def as_of(self) -> AsOf:
        """The state of the marts, at most a second old.

        Raises:
            ProblemError: nothing is built yet.
        """
        if self._known is not None and self._known[0] > time.monotonic():
            return self._known[1]
        row = await self.row(_AS_OF)
        if row is None:
            raise not_built()
        state = AsOf(row["as_of_date"], row["first_day"], row["build"])
        self._known = (time.monotonic() + _AS_OF_SECONDS, state)
        return state

    async def rows(
        self,
        query: LiteralString,
        values: Mapping[str, Any] | None = None,
        *,
        acting_for: UUID | None = None,
    ) -> list[Row]:
        """All rows of a query; of users' own tables those of the user who is acted for."""
        if acting_for is not None:
            async with self.acting_for(acting_for) as connection:
                return await (await connection.execute(query, values)).fetchall()
        async with self._pool.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()

    async def row(
        self, query: LiteralString, values: Mapping[str, Any] | None = None
    ) -> Row | None:
        """The first row of a query."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return await cursor.fetchone()

    @asynccontextmanager
    async def acting_for(self, user: UUID) -> AsyncIterator[AsyncConnection[DictRow]]:
        """A transaction that sees and changes the rows of one user only."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "select set_config('usage.acting_user', %s, true)", [str(user)]
            )
            yield connection
