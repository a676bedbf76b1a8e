"""Wraps every request: measures it, bounds its body, and gives its answer safe headers.

A body is read from callers who may call, in a bounded time, and up to a bounded size. HEAD is
answered as GET is, without the body.
"""

import asyncio
import re
import time
from typing import Final
from urllib.parse import unquote

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.auth.access import current_caller
from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.metrics import DURATIONS, REQUESTS
from usage_pipeline.api.routes.topics import PREFIX, SLASH

_STRICT: Final = (
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
_POLICY: Final = b"content-security-policy"
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
_MOST_BODY_BYTES: Final = 8 << 20
_BODY_SECONDS: Final = 30.0
_ENCODED_SLASH: Final = re.compile("%2f", re.IGNORECASE)


class Around:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        """Wrap an application that a proxy serves below `base_path`, which is empty or `/...`."""
        self._app = app
        self._base = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "500"
        method = scope["method"]
        is_head = method == "HEAD"
        path = self._base + _path(scope, self._base)
        inner = {
            **scope,
            "method": "GET" if is_head else method,
            "path": path,
            "root_path": self._base,
        }

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                headers = [*message["headers"], *_HEADERS]
                if not any(name == _POLICY for name, _ in headers):
                    headers.append((_POLICY, _STRICT))
                message["headers"] = headers
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(inner, _Body(inner, receive), sending)
        finally:
            route = getattr(inner.get("route"), "path_format", "other")
            REQUESTS.labels(method, route, status).inc()
            DURATIONS.labels(method, route).observe(time.perf_counter() - started)


def _path(scope: Scope, base: str) -> str:
    """The path below the base path, which a proxy may have cut off already.

    A slash within a segment is told from one between segments.
    """
    path = _below(scope["path"], base)
    raw = scope.get("raw_path", b"").decode("ascii", "replace")
    if not path.startswith(PREFIX) or not _ENCODED_SLASH.search(raw):
        return path
    segments = _below(raw, base).split("/")
    return "/".join(unquote(segment).replace("/", SLASH) for segment in segments)


def _below(path: str, base: str) -> str:
    return path.removeprefix(base) if path.startswith(base + "/") else path


class _Body:
    """The request's messages, as long as its body may be read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._request = Request(scope)
        self._receive = receive
        headers = self._request.headers
        self._has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._is_read = False
        self._until: float | None = None
        self._size = 0

    async def __call__(self) -> Message:
        if self._is_read or not self._has_body:
            return await self._receive()
        if self._until is None:
            # The caller comes first: we read no body from one who may not call.
            scope = self._request.scope
            if scope["path"].startswith(scope["root_path"] + "/api/"):
                await current_caller(self._request)
            self._until = asyncio.get_running_loop().time() + _BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError(
                408, f"The body did not arrive within {_BODY_SECONDS:.0f} s: send it again."
            ) from None
        self._is_read = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > _MOST_BODY_BYTES:
            raise ProblemError(
                413, f"The body is larger than {_MOST_BODY_BYTES:,} bytes: split it."
            )
        return message
