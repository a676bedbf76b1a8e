"""The application: its parts, its routes, and what every answer has in common."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi

from usage_pipeline.api import errors, web
from usage_pipeline.api.auth.access import SECURITY_SCHEMES
from usage_pipeline.api.auth.demo import Demo
from usage_pipeline.api.auth.keys import Keys
from usage_pipeline.api.auth.rate_limits import RateLimits
from usage_pipeline.api.auth.tokens import Tokens
from usage_pipeline.api.database import Reader, open_pool
from usage_pipeline.api.errors import Problem
from usage_pipeline.api.middleware import Around
from usage_pipeline.api.openapi import examples
from usage_pipeline.api.routes import (
    favourites,
    habits,
    organisation,
    people,
    sequences,
    service,
    track,
    user,
    workflow_history,
    workflows,
)
from usage_pipeline.api.routes.track import TrackedBatch
from usage_pipeline.api.services import Services
from usage_pipeline.api.tracking.collector import Collector
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse

# Routes are tried in this order: first those that are asked for most.
_TOPICS = (
    workflows, user, track, people, favourites, sequences, habits, workflow_history, organisation,
    service, web,
)  # fmt: skip
_DESCRIPTION = """
Who runs which workflow, how often, what works, what fails. Every number is that of the marts, as
of the day that each answer names (`as_of`). Answers have an `ETag`: send it back as
`If-None-Match` and get 304 while nothing has changed. Lists have a `next_cursor`.
"""


def create_app(settings: Settings, warehouse: Warehouse, *, is_demo: bool) -> FastAPI:
    """Make the application.

    Args:
        settings: as the process read them.
        warehouse: where everything is; the owner's URL.
        is_demo: whether a caller need not say who they are.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = open_pool(warehouse, settings.api.pool_size)
        # A server that is down is answered 503 until it is back.
        await pool.open(wait=False)
        keys = Keys(pool)
        collector = Collector(pool, settings.api.track_buffer)
        collector.start()
        app.state.services = Services(
            settings=settings,
            pool=pool,
            reader=Reader(pool),
            keys=keys,
            tokens=_tokens(settings),
            limits=RateLimits(settings.api.rate_limit),
            collector=collector,
            demo=Demo(keys, is_open=is_demo),
        )
        try:
            yield
        finally:
            await collector.stop()
            await pool.close()

    app = FastAPI(
        title="Workflow usage",
        version=version("usage-pipeline"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # A page of our own (`reference.py`): theirs takes its script from another machine.
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    # Routes and not routers of routes: to find one in those takes as long as its query.
    for topic in _TOPICS:
        app.router.routes.extend(topic.router.routes)
    app.router.routes.extend(track.lineage.routes)
    if settings.api.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api.origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-None-Match",
                "X-API-Key",
            ],
            expose_headers=["ETag", "Retry-After"],
        )
    app.add_middleware(Around, base_path=settings.api.base_path)
    app.openapi = lambda: _openapi(app, settings.api.base_path)  # type: ignore[method-assign]
    return app


def _tokens(settings: Settings) -> Tokens | None:
    if settings.oidc.issuer is None or settings.oidc.audience is None:
        return None
    return Tokens(settings.oidc.issuer, settings.oidc.audience, settings.oidc.user_claim)


def _openapi(app: FastAPI, base_path: str) -> dict[str, Any]:
    """The description, with what the routes refer to by name only."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=[{"url": base_path}] if base_path else None,
        )
        template = "#/components/schemas/{model}"
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template=template)
        batch = TrackedBatch.model_json_schema(ref_template=template)
        schemas.update(batch.pop("$defs"))
        schemas["TrackedBatch"] = batch
        examples.add(schemas)
        for operations in made["paths"].values():
            for operation in operations.values():
                if "requestBody" in operation:
                    operation["responses"] |= errors.documented_of_bodies()
        _say_who_may_call(made)
        app.openapi_schema = made
    return app.openapi_schema


def _say_who_may_call(made: dict[str, Any]) -> None:
    made["components"]["securitySchemes"] = SECURITY_SCHEMES
    for path, operations in made["paths"].items():
        if path.startswith("/api/") or path == "/metrics":
            for operation in operations.values():
                operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
