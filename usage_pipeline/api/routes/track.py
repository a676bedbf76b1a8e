"""`POST /track` and `/lineage`: executions as applications report them, alone or in batches."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from usage_pipeline.api.auth.access import Caller, needs
from usage_pipeline.api.errors import ProblemError, documented
from usage_pipeline.api.routes.topics import topic
from usage_pipeline.api.services import Services, ServicesDep
from usage_pipeline.api.tracking.bodies import items_of
from usage_pipeline.api.tracking.lineage import LineageEvent, item_of
from usage_pipeline.api.tracking.rows import (
    MOST_ITEMS,
    TrackedItem,
    Window,
    parse_items,
    row_of,
    start_of,
    user_of,
)
from usage_pipeline.identity import hashed_id, source_namespace

router = topic("track")
# OpenLineage's clients know no other path.
lineage = topic("track", prefix="/api/v1")

_RETRIES = source_namespace("idempotency keys")
_RUNS = source_namespace("runs of OpenLineage")
_CLAIM: Final = """
insert into raw.request_keys (key_id, body_digest) values (%s, %s)
on conflict (key_id) do update set key_id = excluded.key_id
returning body_digest
"""
_ITEMS_AT_ONCE = 100
_NOT_YOURS = "you may not report executions of this user"


class TrackedResult(BaseModel):
    """The result of one item."""

    index: int = Field(description="The place of the item in the request, from 0.")
    execution_id: str | None = Field(description="Its id, made here if it had none.")
    status: Literal["accepted", "rejected"]
    reason: str | None = Field(default=None, description="Why it was rejected.")


class Tracked(BaseModel):
    """The result of a request."""

    accepted: int = Field(description="Items that are committed.")
    rejected: int = Field(description="Items that are not kept.")
    items: list[TrackedResult]


class TrackedBatch(BaseModel):
    """Several executions."""

    executions: list[TrackedItem] = Field(max_length=MOST_ITEMS)


@router.post(
    "/track",
    status_code=202,
    response_model=Tracked,
    responses=documented(401, 403, 413, 429),
    summary="Report executions",
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/TrackedItem"},
                            {"$ref": "#/components/schemas/TrackedBatch"},
                        ]
                    }
                }
            },
        }
    },
)
async def track_workflow_execution(
    request: Request,
    caller: Annotated[Caller, Depends(needs("track"))],
    services: ServicesDep,
    user_id: Annotated[str | None, Query(description="Without a body: who ran it.")] = None,
    workflow_id: Annotated[str | None, Query(description="Without a body: what was run.")] = None,
    status: Annotated[str | None, Query(description="Without a body: its status.")] = None,
    duration: Annotated[str | None, Query(description="Without a body: milliseconds.")] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=255,
            description="The same for each attempt to send this request: items without an "
            "execution id are then kept once. With another body it is refused.",
        ),
    ] = None,
) -> Response:
    """Take states of executions: 202 says that the accepted ones are committed.

    An item that cannot be taken is answered with the reason and keeps no other from being taken.
    Accepted executions become part of the marts with the next nightly load.
    """
    body = await request.body()
    if body:
        items = items_of(body)
    else:
        headers = {
            "user_id": user_id, "workflow_id": workflow_id, "status": status, "duration": duration,
        }  # fmt: skip
        parameters = {name: value for name, value in headers.items() if value is not None}
        # Every other name of an item is understood as well.
        items = [{**request.query_params, **parameters}]
    if idempotency_key is not None:
        await _claim(services, caller, idempotency_key, body or request.url.query.encode())
    outcome = await take_in(services, caller, items, idempotency_key)
    return Response(to_json(outcome), 202, media_type="application/json")


async def _claim(services: Services, caller: Caller, idempotency_key: str, body: bytes) -> None:
    """Note what a key is used with.

    Raises:
        ProblemError: it was used with another body.
    """
    digest = sha256(body).digest()
    key = hashed_id(_RETRIES, f"{caller.name}/{idempotency_key}")
    async with services.pool.connection() as connection:
        row = await (await connection.execute(_CLAIM, [key, digest])).fetchone()
    if row is None or row["body_digest"] != digest:
        raise ProblemError(
            422,
            "This Idempotency-Key was used with another body: send the same body again, or take "
            "another key.",
        )


async def take_in(
    services: Services,
    caller: Caller,
    items: list[Any],
    idempotency_key: str | None = None,
    row_ids: Sequence[UUID] = (),
) -> dict[str, Any]:
    """Take items in and say what became of each, as `Tracked`.

    Args:
        services: the parts of the application.
        caller: who reports.
        items: the items as they were sent.
        idempotency_key: of the request.
        row_ids: an id for each item; without them it follows from user, workflow and execution.
    """
    now = datetime.now(UTC)
    kept_for = timedelta(days=services.settings.tracked_days_kept)
    earliest = max((now - kept_for).date() + timedelta(days=1), services.settings.start_date)
    window = Window(earliest, now)
    results: list[dict[str, Any]] = []
    rows: list[str] = []
    places: list[int] = []
    for first in range(0, len(items), _ITEMS_AT_ONCE):
        for index, item in enumerate(parse_items(items[first : first + _ITEMS_AT_ONCE]), first):
            if isinstance(item, str):
                results.append(_rejected(index, None, item))
                continue
            start = start_of(item, window)
            if isinstance(start, str):
                results.append(_rejected(index, item.execution_id, start))
            elif not caller.may_track(user_of(item, services.id_namespace)):
                results.append(_rejected(index, item.execution_id, _NOT_YOURS))
            else:
                own = item.execution_id or _made_id(caller, idempotency_key, index)
                row_id = row_ids[index] if row_ids else None
                rows.append(row_of(item, own, start, services.id_namespace, row_id))
                places.append(index)
                results.append(_result(index, own, "accepted", None))
        # The others' requests go on.
        await asyncio.sleep(0)
    problems = await services.collector.add(rows, caller.name)
    for place, reason in problems.items():
        index = places[place]
        results[index] = _rejected(index, results[index]["execution_id"], reason)
    accepted = len(rows) - len(problems)
    return {"accepted": accepted, "rejected": len(results) - accepted, "items": results}


def _made_id(caller: Caller, idempotency_key: str | None, index: int) -> str:
    if idempotency_key is None:
        return str(uuid4())
    return str(hashed_id(_RETRIES, f"{caller.name}/{idempotency_key}/{index}"))


def _rejected(index: int, execution_id: str | None, reason: str) -> dict[str, Any]:
    return _result(index, execution_id, "rejected", reason)


def _result(
    index: int, execution_id: str | None, status: str, reason: str | None
) -> dict[str, Any]:
    return {"index": index, "execution_id": execution_id, "status": status, "reason": reason}


@lineage.post(
    "/lineage",
    status_code=202,
    response_model=Tracked,
    responses=documented(401, 403, 413, 429),
    summary="Report runs as OpenLineage does",
)
async def receive_lineage(
    event: LineageEvent | Annotated[list[LineageEvent], Field(max_length=MOST_ITEMS)],
    caller: Annotated[Caller, Depends(needs("track"))],
    services: ServicesDep,
) -> Response:
    """Take run events of OpenLineage: START, COMPLETE, FAIL and ABORT are states of executions.

    Events of runs inside another run, and all other events, are answered in the same way and kept
    nowhere. An event may be sent again.
    """
    events = event if isinstance(event, list) else [event]
    items = [item for each in events if (item := item_of(each)) is not None]
    # A run is one execution whatever its events say of its owner.
    ids = [hashed_id(_RUNS, f"{item['workflow_id']}/{item['execution_id']}") for item in items]
    outcome = await take_in(services, caller, items, row_ids=ids)
    return Response(to_json(outcome), 202, media_type="application/json")
