"""About the server: `/health`, `/ready`, `/metrics` and `/docs`, at the root."""

from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from usage_pipeline.api.auth.access import Caller, needs
from usage_pipeline.api.errors import documented
from usage_pipeline.api.metrics import REGISTRY
from usage_pipeline.api.openapi import reference
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.services import ReaderDep, ServicesDep

router = topic("service", prefix="")


class Health(BaseModel):
    """The process runs."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The warehouse answers and has marts."""

    status: Literal["ready"]
    as_of: str


@router.get("/health", summary="Whether the process runs")
async def health() -> Health:
    """Answers as long as the process runs, whatever the warehouse does."""
    return Health(status="ok")


@router.get("/ready", responses=documented(), summary="Whether it can answer")
async def ready(reader: ReaderDep) -> Ready:
    """Answers 503 while the warehouse does not answer or has no marts."""
    await reader.row("select 1 as one")
    return Ready(status="ready", as_of=(await reader.as_of()).day.isoformat())


@router.get(
    "/metrics",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Metrics."},
        **documented(401, 403, 429),
    },
    response_class=Response,
    summary="Metrics for Prometheus",
)
async def metrics(
    _: Annotated[Caller, Depends(needs("read:all"))], services: ServicesDep
) -> Response:
    """Requests, their durations, and what was tracked."""
    text = generate_latest(REGISTRY)
    waiting = f"usage_api_tracked_waiting {services.collector.waiting}\n"
    written = f"usage_api_tracked_total {services.collector.written}\n"
    batches = f"usage_api_track_commits_total {services.collector.batches}\n"
    extra = (
        "# HELP usage_api_tracked_waiting Tracked executions that wait to be written.\n"
        "# TYPE usage_api_tracked_waiting gauge\n"
        + waiting
        + "# HELP usage_api_tracked_total Tracked states that are committed.\n"
        "# TYPE usage_api_tracked_total counter\n"
        + written
        + "# HELP usage_api_track_commits_total Batches that they were committed in.\n"
        "# TYPE usage_api_track_commits_total counter\n" + batches
    )
    return Response(text + extra.encode(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The description of the API, to read."""
    text = reference.page(request.app.openapi(), str(request.base_url).rstrip("/"))
    return HTMLResponse(text, headers={"Content-Security-Policy": reference.POLICY})
