"""Dagster's web UI behind a guard, for it has no login and does what any page asks of it.

Any site can make a browser on this machine send requests here: by a form, an image or a frame (the
browser tells so), or under a name of its own that leads here (the `Host` tells).
"""

import base64
import binascii
import hmac
import sys
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.orchestration.code_location import CODE_LOCATION
from usage_pipeline.settings import read_settings

_OUR_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_UNFRAMED: Final = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
_POLICY_VIOLATION: Final = 1008


class Guard:
    """Refuses what another site's page asks for, in every kind of request."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), password: str = "") -> None:
        """Guard an application.

        Args:
            app: the application.
            hosts: the names it may be called by, beside those of this machine.
            password: what everybody must know, under any user name; empty for none.
        """
        self._app = app
        self._hosts = _OUR_HOSTS | set(hosts)
        self._password = password.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _without_frames(send))
        elif scope["type"] == "websocket":
            # Before the handshake is accepted, this is an answer of 403.
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name_of(f"//{host}") not in self._hosts:
            return _refused(
                "This web UI is not called by that name: open it as http://127.0.0.1, or start it "
                "with --web-hosts."
            )
        if _is_of_another_site(scope, headers, host):
            return _refused("A page of another site may not ask this web UI.")
        if _is_query_by_get(scope):
            return _refused("Send GraphQL by POST.", 405, {"allow": "POST"})
        if self._password and not self._knows_password(headers.get("authorization", "")):
            return _refused(
                "This web UI asks for a password.",
                401,
                {"www-authenticate": 'Basic realm="Dagster"'},
            )
        return None

    def _knows_password(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            _, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(password, self._password)


def _is_of_another_site(scope: Scope, headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() != host.lower()
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    # A link in a message may open a page, but not in a frame, and not what is no page.
    return not (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _is_query_by_get(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] == "POST":
        return False
    return scope["path"].rstrip("/").endswith("/graphql") and bool(
        parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("query")
    )


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _refused(
    sentence: str, status: int = 403, headers: Mapping[str, str] | None = None
) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status, headers)


def _without_frames(send: Send) -> Send:
    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_UNFRAMED]
        await send(message)

    return forward


def main() -> None:
    """Serve on 127.0.0.1: the arguments are the port and further names of the web UI."""
    port, *hosts = sys.argv[1:]
    password = read_settings().web_password
    target = ModuleTarget(CODE_LOCATION, None, None, None)
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, target, version=__version__) as workspace,
    ):
        # dagster-webserver's own command sets the same for its long life.
        instance.optimize_for_webserver(
            statement_timeout=15_000, pool_recycle=3_600, max_overflow=20
        )
        app = Guard(
            DagsterWebserver(workspace).create_asgi_app(),
            hosts,
            password.get_secret_value() if password else "",
        )
        uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
