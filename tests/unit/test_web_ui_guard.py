"""The guard of the web UI: what a page of another site sends, and what our own does."""

from base64 import b64encode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from usage_pipeline.orchestration.web_ui import Guard

_HOST = "127.0.0.1:3000"
_QUERY = "/graphql?query=mutation%7BlaunchRun%7D"
_NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


async def _page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("done")
    await websocket.close()


def _client(password: str = "", host: str = _HOST) -> TestClient:
    routes = [
        Route("/{path:path}", _page, methods=["GET", "POST", "PUT"]),
        WebSocketRoute("/graphql", _socket),
    ]
    guard = Guard(Starlette(routes=routes), ["usage.example.org"], password)
    return TestClient(guard, base_url=f"http://{host}")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("POST", "/graphql", {}),
        ("POST", "/graphql", {"origin": f"http://{_HOST}", "sec-fetch-site": "same-origin"}),
        ("GET", "/runs", {"sec-fetch-site": "none", **_NAVIGATION}),
        ("GET", "/runs/1", {"sec-fetch-site": "cross-site", **_NAVIGATION}),
        ("GET", "/graphql", {"sec-fetch-site": "none", **_NAVIGATION}),
        ("GET", "/", {"host": "localhost:3000"}),
        ("GET", "/", {"host": "[::1]:3000"}),
        ("GET", "/", {"host": "usage.example.org"}),
        ("POST", "/graphql", {"host": "usage.example.org", "origin": "https://usage.example.org"}),
    ],
    ids=str,
)
def test_its_own_pages_and_programs_are_served(
    method: str, path: str, headers: dict[str, str]
) -> None:
    answer = _client().request(method, path, headers=headers)
    assert (answer.status_code, answer.text) == (200, "done")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", _QUERY, {}, 405),
        ("PUT", _QUERY, {}, 405),
        ("GET", _QUERY.replace("?", "/?"), {}, 405),
        ("GET", _QUERY, {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, 403),
        ("GET", _QUERY, {"sec-fetch-site": "cross-site", **_NAVIGATION}, 405),
        ("POST", "/graphql", {"origin": "http://evil.example"}, 403),
        ("POST", "/graphql", {"origin": "null"}, 403),
        ("POST", "/graphql", {"origin": "http://127.0.0.1:8000"}, 403),
        ("POST", "/graphql", {"sec-fetch-site": "same-site"}, 403),
        ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, 403),
        ("GET", "/", {"host": "evil.example:3000"}, 403),
        ("GET", "/", {"host": "127.0.0.1.evil.example"}, 403),
        ("GET", "/", {"host": ""}, 403),
        ("GET", "/", {"host": "[::1"}, 403),
    ],
    ids=str,
)
def test_what_another_site_can_send_is_refused_in_one_sentence(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = _client().request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.text.endswith(".\n")
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("headers", "is_served"),
    [
        ({"origin": f"http://{_HOST}"}, True),
        ({}, True),
        ({"origin": "http://evil.example"}, False),
        ({"host": "evil.example"}, False),
    ],
    ids=str,
)
def test_a_websocket_is_guarded_too(headers: dict[str, str], is_served: bool) -> None:
    connecting = _client().websocket_connect(f"ws://{_HOST}/graphql", headers=headers)
    if is_served:
        with connecting as websocket:
            assert websocket.receive_text() == "done"
    else:
        with pytest.raises(WebSocketDisconnect) as end, connecting:
            pass
        assert end.value.code == 1008


def test_a_password_is_asked_of_everybody() -> None:
    client = _client(password="geheim:ü")

    def basic(text: str) -> dict[str, str]:
        return {"authorization": f"Basic {b64encode(text.encode()).decode()}"}

    assert client.get("/").status_code == 401
    assert client.get("/").headers["www-authenticate"] == 'Basic realm="Dagster"'
    for wrong in (basic("ana:geheim"), basic("ana"), {"authorization": "Basic %"}, {}):
        assert client.get("/", headers=wrong).status_code == 401
    assert client.get("/", headers=basic("ana:geheim:ü")).text == "done"
