"""What happens around every request: measured, its body bounded, its answer given safe headers."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.metrics import DURATIONS, REQUESTS

_STRICT: Final = (
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
_POLICY: Final = b"content-security-policy"
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
# Bodies are read before it is known who sends them.
_MOST_BODY_BYTES: Final = 8 << 20


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

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                headers = [*message["headers"], *_HEADERS]
                if not any(name == _POLICY for name, _ in headers):
                    headers.append((_POLICY, _STRICT))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, _bounded(receive), sending)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(scope["method"], route, status).inc()
            DURATIONS.labels(scope["method"], route).observe(time.perf_counter() - started)


def _bounded(receive: Receive) -> Receive:
    """The request's messages, as long as its body is not too large."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _MOST_BODY_BYTES:
            raise ProblemError(
                413, f"The body is larger than {_MOST_BODY_BYTES:,} bytes: split it."
            )
        return message

    return receiving
