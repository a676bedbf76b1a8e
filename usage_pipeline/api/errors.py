"""Errors as RFC 9457 problem details: one shape for every answer that is not a success."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

_log = logging.getLogger(__name__)
_MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "5"


class Problem(BaseModel):
    """A problem, in the shape of RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "There is no such workflow.",
                "instance": "/api/v1/workflow-usage/success-rate/5d1c…",
            }
        }
    )

    type: str = Field(description="Always about:blank: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="The mistake in this request, and what to do.")
    instance: str = Field(description="The path that was asked for.")


class ProblemError(HTTPException):
    """An error that is answered as it is."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a status, a sentence, and headers if any."""
        super().__init__(status, detail, dict(headers or {}))


def not_built() -> ProblemError:
    """The answer while there are no marts."""
    return ProblemError(
        503,
        "The marts are not built yet: run usage-pipeline demo, or load a day and run it.",
        {"Retry-After": _RETRY_SECONDS},
    )


def unavailable() -> ProblemError:
    """The answer while the warehouse cannot be reached."""
    return ProblemError(
        503, "The warehouse does not answer: try again soon.", {"Retry-After": _RETRY_SECONDS}
    )


_DESCRIPTIONS = {
    400: "The body cannot be read.",
    401: "No key or token, or one that is not valid.",
    403: "The caller may not do this, whether or not it exists.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It cannot be done as things are.",
    413: "The body is too large.",
    422: "The request is not as it must be.",
    429: "Too many requests, or too much waits to be written: try again after `Retry-After`.",
    503: "The warehouse does not answer or has no marts yet, or too much waits to be written: try "
    "again after `Retry-After`.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route for OpenAPI."""
    return {status: _documented(status) for status in (*statuses, 422, 503)}


def documented_of_bodies() -> dict[str, dict[str, Any]]:
    """The further error answers of every route that takes a body."""
    return {str(status): _documented(status) for status in (400, 408, 413)}


def _documented(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _DESCRIPTIONS[status],
        "content": {_MEDIA_TYPE: {"schema": schema}},
    }


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that says what is wrong."""
    document = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=unquote(request.scope.get("raw_path", b"").decode("ascii", "replace")),
    )
    return JSONResponse(
        document.model_dump(), status, headers=dict(headers or {}), media_type=_MEDIA_TYPE
    )


def _allowed(request: Request) -> list[str]:
    """The methods of all routes of a path; a route tells only its own."""
    routes = request.app.router.routes
    methods = {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(request))
        return problem(request, error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(request, 422, f"{place}: {first['msg']}.")

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(psycopg.OperationalError)
    @app.exception_handler(psycopg.InterfaceError)
    async def of_warehouse(request: Request, error: Exception) -> JSONResponse:
        _log.warning("the warehouse does not answer: %s", " ".join(str(error).split()))
        answer = unavailable()
        return problem(request, 503, str(answer.detail), answer.headers)

    @app.exception_handler(psycopg.errors.UndefinedTable)
    async def of_missing_marts(request: Request, _: Exception) -> JSONResponse:
        answer = not_built()
        return problem(request, 503, str(answer.detail), answer.headers)

    @app.exception_handler(psycopg.DataError)
    async def of_values(request: Request, _: Exception) -> JSONResponse:
        return problem(request, 422, "A value is out of range.")

    @app.exception_handler(Exception)
    async def of_anything(request: Request, _: Exception) -> JSONResponse:
        # Starlette logs the traceback itself; the caller learns nothing of it.
        return problem(request, 500, "Something is wrong on our side; it is in the server's log.")
