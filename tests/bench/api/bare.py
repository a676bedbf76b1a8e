"""The least that an endpoint can be: FastAPI, the same pool, the same SQL, rows as JSON."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI

from usage_pipeline.api.database import open_pool
from usage_pipeline.api.listing import Listing, Paging
from usage_pipeline.api.routes import user, workflows
from usage_pipeline.cli.console import open_installation


def main() -> None:
    """Serve on the port given."""
    settings, warehouse = open_installation()
    pool = open_pool(warehouse, settings.api.pool_size)
    with warehouse.connect() as connection:
        row = connection.execute("select as_of_date from marts.warehouse_as_of").fetchone()
    as_of = row[0] if row else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.open()
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    async def rows(listing: Listing[Any], values: dict[str, Any]) -> list[dict[str, Any]]:
        query, places = listing.query(Paging(limit=50))
        async with pool.connection() as connection:
            cursor = await connection.execute(query, {**values, **places})
            return await cursor.fetchall()

    @app.get("/user/{user_id}")
    async def get_user(user_id: UUID) -> list[dict[str, Any]]:
        return await rows(user._LISTINGS["recent"], {"user_id": user_id})

    @app.get("/popular")
    async def get_popular() -> list[dict[str, Any]]:
        return await rows(workflows._POPULAR, {"as_of": as_of})

    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
