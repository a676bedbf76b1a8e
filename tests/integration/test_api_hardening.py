"""What a caller sends by mistake or with intent costs only that caller, and never a 5xx."""

import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.integration.serving import serving
from usage_pipeline.api import connections, middleware
from usage_pipeline.api.auth import access
from usage_pipeline.api.server import check_proxies
from usage_pipeline.api.settings import ApiSettings
from usage_pipeline.api.tracking import collector
from usage_pipeline.api.tracking.rows import TrackedItem, row_of
from usage_pipeline.errors import UsageError
from usage_pipeline.identity import mapped_id, source_namespace
from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import create_key

PREFIX = "/api/v1/workflow-usage"
ITEM = {"user_id": "ana", "workflow_id": "report", "status": "completed"}


@pytest.fixture
def caller(settings: Settings, warehouse: Warehouse) -> Iterator[httpx.Client]:
    """An administrator's client."""
    with warehouse.connect() as connection:
        key = create_key(connection, "admin", ["admin"])
    with (
        serving(settings, warehouse) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client,
    ):
        yield client


def track(caller: httpx.Client, items: list[Any]) -> dict[str, Any]:
    # json.dumps escapes what httpx's own JSON would refuse.
    body = json.dumps({"executions": items})
    answer = caller.post(f"{PREFIX}/track", content=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("name", ["user_id", "workflow_id", "execution_id"])
def test_an_id_that_is_no_unicode_is_rejected_and_the_other_items_are_taken(
    caller: httpx.Client, name: str
) -> None:
    answer = track(caller, [ITEM, ITEM | {name: "x\ud800"}, ITEM])
    assert [item["status"] for item in answer["items"]] == ["accepted", "rejected", "accepted"]
    assert "not Unicode text" in answer["items"][1]["reason"]


def test_a_text_that_is_no_unicode_is_made_readable(
    caller: httpx.Client, warehouse: Warehouse
) -> None:
    answer = track(caller, [ITEM | {"error_message": "a\ud800b\0c", "workflow_name": "\udfff"}])
    assert answer["accepted"] == 1
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute(
            "select error_message, workflow_name from raw.tracked_executions"
        ).fetchone()
    assert row == ("a?bc", "?")


NESTED = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"user_id": ' + "7" * 5000 + ', "workflow_id": "w", "status": "started"}', "user_id"),
        (
            '{"user_id": "a", "workflow_id": "w", "status": "started", "input_size": '
            + "7" * 5000
            + "}",
            "input_size",
        ),
        ('{"user_id": ' + NESTED + "}", "nested too deep"),
        ('{"notes": {"deep": ' + NESTED.replace("[", '["]", ', 1) + "}}", "nested too deep"),
        (NESTED, "nested too deep"),
        ("NaN", "valid dictionary"),
        ('{"user_id": "a", "workflow_id": "w", "status": "started", "cost": 1e400}', "cost"),
        (
            '{"user_id": "a", "workflow_id": "w", "status": "started", '
            '"cost": "999999999999.9999999"}',
            "cost: Value error, the cost must be less than 1,000,000,000,000",
        ),
    ],
)
def test_an_item_that_cannot_be_read_keeps_no_other_out(
    caller: httpx.Client, bad: str, reason: str
) -> None:
    good = json.dumps(ITEM | {"workflow_name": 'brackets ]} and \\" in a text'})
    body = f'{{"executions": [{good}, {bad}, {good}]}}'
    answer = caller.post(f"{PREFIX}/track", content=body)
    assert answer.status_code == 202, answer.text
    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["accepted", "rejected", "accepted"]
    assert reason in items[1]["reason"]
    alone = caller.post(f"{PREFIX}/track", content=bad)
    assert alone.status_code == (202 if bad.startswith("{") else 422)
    assert not alone.json().get("accepted")


def test_times_of_any_offset_are_taken_and_kept_in_utc(
    caller: httpx.Client, warehouse: Warehouse
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    far = timezone(timedelta(hours=20))
    said = ITEM | {
        "start_time": (now - timedelta(minutes=2)).astimezone(far).isoformat(),
        "end_time": (now - timedelta(minutes=1)).astimezone(far).isoformat(),
    }
    assert track(caller, [ITEM, said])["accepted"] == 2
    assert track(caller, [ITEM | {"end_time": said["end_time"]}])["accepted"] == 1
    with psycopg.connect(warehouse.url) as connection:
        ends = connection.execute(
            "select distinct end_time from raw.tracked_executions where end_time is not null"
        ).fetchall()
    assert ends == [(now - timedelta(minutes=1),)]


def test_rows_that_the_warehouse_refuses_are_found_with_few_commits(
    caller: httpx.Client, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    commit = collector.Collector._commit

    async def counted(self: collector.Collector, rows: list[str]) -> None:
        commits.append(len(rows))
        await commit(self, rows)

    monkeypatch.setattr(collector.Collector, "_commit", counted)
    # Nothing that an item may say is refused by the warehouse: so the check is taken away.
    monkeypatch.setattr("usage_pipeline.api.routes.track.row_of", _row_with_its_name_as_cost)
    items = [
        ITEM | {"workflow_name": "1e12" if place in (17, 900) else "1"} for place in range(1000)
    ]
    answer = track(caller, items)
    refused = [item["index"] for item in answer["items"] if item["status"] == "rejected"]
    assert refused == [17, 900]
    assert len(commits) < 50
    with psycopg.connect(warehouse.url) as connection:
        rows = connection.execute("select count(*) from raw.tracked_executions").fetchone()
    assert rows == (998,)


def _row_with_its_name_as_cost(item: TrackedItem, *context: Any) -> str:
    row = json.loads(row_of(item, *context))
    return json.dumps(row | {"cost": item.workflow_name})


@pytest.mark.parametrize("path", ["a" * 300, "a" * 5000, "b/" * 2000, "assets/" + "c" * 300])
def test_a_path_longer_than_a_file_can_have_is_no_error_of_ours(
    caller: httpx.Client, path: str
) -> None:
    assert caller.get("/" + path).status_code in (200, 404)


@pytest.mark.parametrize("path", ["/track", "/user/ana/favorites", "/user/ana/templates"])
def test_a_body_without_end_is_not_read_whoever_sends_it(caller: httpx.Client, path: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1 << 20
            yield b" " * (1 << 20)

    try:
        answer = httpx.post(
            caller.base_url.join(PREFIX + path),
            content=endless(),
            headers={"Content-Type": "application/json"},
        )
    except httpx.WriteError:
        # The server hung up while we were still sending.
        assert sent < 100 << 20
        return
    assert answer.status_code in (401, 413)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wu_wrong"}])
def test_the_body_of_an_unknown_caller_is_not_read(
    caller: httpx.Client, headers: dict[str, str]
) -> None:
    with socket.create_connection((caller.base_url.host, caller.base_url.port or 80)) as link:
        head = f"POST {PREFIX}/user/ana/favorites HTTP/1.1\r\nHost: localhost\r\n"
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        # Not a byte of the body is sent, and the answer comes all the same.
        link.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode())
        link.settimeout(10)
        assert link.recv(100).startswith(b"HTTP/1.1 401 ")


def test_who_sends_slowly_is_not_waited_for(
    caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "_BODY_SECONDS", 0.3)
    monkeypatch.setattr(connections, "_HEAD_SECONDS", 0.3)
    key = caller.headers["Authorization"]
    head = f"POST {PREFIX}/track HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\n"
    for sent, answer in (
        (f"{head}Content-Length: 9\r\n\r\n{{", b"HTTP/1.1 408 "),
        (head, b""),
        ("", b""),
    ):
        with socket.create_connection((caller.base_url.host, caller.base_url.port or 80)) as link:
            link.settimeout(10)
            link.sendall(sent.encode())
            assert _received(link).startswith(answer)
            assert answer or not _received(link)


def test_a_head_without_end_is_not_taken_in(caller: httpx.Client) -> None:
    with socket.create_connection((caller.base_url.host, caller.base_url.port or 80)) as link:
        link.settimeout(10)
        try:
            for _ in range(1000):
                link.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000)
            ended = not _received(link)
        except OSError:
            ended = True
        assert ended
    assert caller.get("/health").status_code == 200


def _received(link: socket.socket) -> bytes:
    try:
        return link.recv(100)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("path", ["/health", "/", "/docs", f"{PREFIX}/me", "/assets/none.js"])
def test_head_is_answered_as_get_is_without_a_body(caller: httpx.Client, path: str) -> None:
    full, head = caller.get(path), caller.head(path)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert head.headers["Content-Length"] == full.headers["Content-Length"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{PREFIX}/user/ana/favorites", "GET, HEAD, POST"),
        (f"{PREFIX}/user/ana/favorites/report", "DELETE, PATCH"),
        (f"{PREFIX}/track", "POST"),
        ("/health", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_has_not_is_answered_with_those_it_has(
    caller: httpx.Client, path: str, allowed: str
) -> None:
    answer = caller.put(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_a_slash_within_an_id_is_not_one_between_parts_of_the_path(
    caller: httpx.Client, warehouse: Warehouse
) -> None:
    own = "acme/app/.github/workflows/ci%2F.yml"
    encoded = quote(own, safe="")
    for path in (f"/user/{encoded}/favorites/{encoded}", f"/user/{encoded}/favorites/order"):
        answer = caller.put(PREFIX + path)
        # The route is there: only what is asked of it is missing.
        assert answer.status_code in (405, 422), answer.text
    answer = caller.delete(f"{PREFIX}/user/{encoded}/favorites/{encoded}")
    assert answer.status_code == 404
    assert answer.json()["instance"] == f"{PREFIX}/user/{own}/favorites/{own}"
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "mapped_id", lambda _, text, __: seen.append(text) or UUID(int=0))
        caller.delete(f"{PREFIX}/user/{encoded}/favorites/{encoded}")
    assert seen == [own]


def test_a_path_of_the_api_below_another_is_not_the_dashboards_page(caller: httpx.Client) -> None:
    assert caller.get(f"/usage{PREFIX}/popular").status_code == 404
    assert caller.get("/organisation").status_code == 200


def test_an_id_that_is_no_unicode_is_mapped_to_what_nobody_has() -> None:
    # It raised UnicodeEncodeError, a 500.
    namespace = source_namespace("tracked")
    assert mapped_id("workflow", "x\ud800", namespace) != mapped_id("workflow", "x", namespace)


def test_a_demo_serves_no_page_of_another_site(settings: Settings, warehouse: Warehouse) -> None:
    with (
        serving(settings, warehouse, is_demo=True) as address,
        httpx.Client(base_url=address) as caller,
    ):
        # Without a Content-Type: a browser sends such a request without asking first.
        body = json.dumps(ITEM)
        assert caller.post(f"{PREFIX}/track", content=body).status_code == 202
        for headers in ({"Origin": "https://site.example"}, {"Host": "rebound.example"}):
            answer = caller.post(f"{PREFIX}/track", content=body, headers=headers)
            assert answer.status_code == 403


def test_who_guesses_keys_is_refused_and_a_valid_key_of_the_same_address_goes_on(
    settings: Settings, warehouse: Warehouse
) -> None:
    with warehouse.connect() as connection:
        key = create_key(connection, "valid", ["track"])
    few = settings.model_copy(update={"api": ApiSettings(rate_limit="5/hour")})

    def status(key: str, **headers: str) -> int:
        asked = {"X-API-Key": key, **headers}
        return caller.post(f"{PREFIX}/track", json={"executions": []}, headers=asked).status_code

    with serving(few, warehouse) as address, httpx.Client(base_url=address) as caller:
        assert [status(f"wu_{guess}") for guess in range(8)] == [401] * 5 + [429] * 3
        assert status(key) == 202
        # Not even a caller who says that a proxy brought the request is another one.
        assert status("wu_9", **{"X-Forwarded-For": "10.0.0.9"}) == 429


def test_a_trusted_proxy_tells_the_address_of_a_caller(
    settings: Settings, warehouse: Warehouse
) -> None:
    few = settings.model_copy(update={"api": ApiSettings(rate_limit="1/hour")})

    def status(address: str) -> int:
        headers = {"X-API-Key": "wu_guess", "X-Forwarded-For": address}
        return caller.get(f"{PREFIX}/me", headers=headers).status_code

    with (
        serving(few, warehouse, trusted_proxies=["127.0.0.0/8"]) as address,
        httpx.Client(base_url=address) as caller,
    ):
        assert [status("10.0.0.1"), status("10.0.0.1"), status("10.0.0.2")] == [401, 429, 401]


def test_a_proxy_that_is_none_is_one_sentence() -> None:
    assert check_proxies(" 10.0.0.7, fd00::/8 ") == ["10.0.0.7", "fd00::/8"]
    with pytest.raises(UsageError, match="'nginx' is not an address or network"):
        check_proxies("10.0.0.7,nginx")


@pytest.fixture
def below_a_path(settings: Settings, warehouse: Warehouse) -> Iterator[httpx.Client]:
    """A caller of an API that a proxy serves below a path, through no proxy."""
    placed = settings.model_copy(update={"api": ApiSettings(base_path="/team/usage")})
    with warehouse.connect() as connection:
        key = create_key(connection, "admin", ["admin"])
    with (
        serving(placed, warehouse) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client,
    ):
        yield client


@pytest.mark.parametrize("prefix", ["/team/usage", ""], ids=["forwarded", "cut off"])
def test_everything_is_below_the_base_path_whatever_the_proxy_does_with_it(
    below_a_path: httpx.Client, prefix: str
) -> None:
    get = below_a_path.get
    assert get(f"{prefix}/health").json() == {"status": "ok"}
    assert get(f"{prefix}{PREFIX}/definitions").json()["title"] == "Service Unavailable"
    assert below_a_path.head(f"{prefix}/health").status_code == 200
    assert get(f"{prefix}{PREFIX}/nothing").status_code == 404
    redirect = get(f"{prefix}{PREFIX}/definitions/")
    assert urlsplit(redirect.headers["location"]).path == f"/team/usage{PREFIX}/definitions"

    page = get(f"{prefix}/workflow/a%2Fb")
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert address.startswith("/team/usage/")
        assert get(prefix + address.removeprefix("/team/usage")).status_code == 200
    assert "javascript" in get(f"{prefix}/widgets.js").headers["content-type"]

    description = get(f"{prefix}/openapi.json").json()
    assert description["servers"] == [{"url": "/team/usage"}]
    assert "/team/usage" + PREFIX in get(f"{prefix}/docs").text


def test_an_id_with_a_slash_and_a_body_are_taken_below_a_base_path(
    below_a_path: httpx.Client,
) -> None:
    base = f"/team/usage{PREFIX}"
    item = ITEM | {"workflow_id": "team/report"}
    answer = below_a_path.post(f"{base}/track", json={"executions": [item]})
    assert answer.json()["items"][0]["status"] == "accepted"
    anonymous = {"Authorization": ""}
    for path in (f"{base}/track", "/team/usage/api/v1/lineage"):
        refusal = below_a_path.post(path, content=b"{", headers=anonymous)
        assert refusal.status_code == 401, path
    # The route is found, and only then there is no mart to ask.
    answer = below_a_path.get(f"{base}/workflow/team%2Freport")
    assert answer.json()["detail"].startswith("The marts are not built yet")


def test_without_a_base_path_another_path_of_the_api_is_no_page(caller: httpx.Client) -> None:
    answer = caller.get(f"/usage{PREFIX}/me")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["usage", "/usage?x", "/us age", "//usage", "/a//b", "https://x"])
def test_a_base_path_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("USAGE_API_BASE_PATH", path)
    with pytest.raises(UsageError, match="USAGE_API_BASE_PATH is not valid: write it like /usage"):
        read_settings()
