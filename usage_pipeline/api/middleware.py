"""What happens around every request: it is measured, and its answer gets safe headers."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.metrics import DURATIONS, REQUESTS

_STRICT: Final = (
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
# FastAPI's documentation page takes its script and style from a network.
_DOCUMENTATION: Final = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"img-src 'self' data: https://fastapi.tiangolo.com; frame-ancestors 'none'"
)
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


class Around:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "500"
        policy = _DOCUMENTATION if scope["path"] == "/docs" else _STRICT

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                message["headers"] = [
                    *message["headers"], *_HEADERS, (b"content-security-policy", policy),
                ]  # fmt: skip
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(scope["method"], route, status).inc()
            DURATIONS.labels(scope["method"], route).observe(time.perf_counter() - started)
