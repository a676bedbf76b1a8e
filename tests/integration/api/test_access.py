"""Every endpoint and every kind of caller: who may, and what the others are told."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient

from tests.integration.api.conftest import AUDIENCE, PREFIX, Issuer, Serve
from usage_pipeline.api.app import create_app
from usage_pipeline.api.server import is_open_to_all
from usage_pipeline.errors import UsageError
from usage_pipeline.identity import mapped_id, source_namespace
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import create_key, revoke_key

ME, OTHER = "ana", "ben"
WORKFLOW = "5d1c1e9e-0d4e-4b5e-8a53-6a5e0a3b9c11"

# Who may, by kind of caller. `self` is a person asking for what is theirs, `other` for another's.
PUBLIC = {"nobody", "wrong", "track", "self", "other", "all", "admin"}
ANYBODY = {"track", "self", "other", "all", "admin"}
TRACK = {"track", "self", "admin"}
AGGREGATE = {"self", "other", "all", "admin"}
EVERYBODYS = {"all", "admin"}
OWN = {"self", "all", "admin"}
OWN_CHANGE = {"self", "admin"}

RULES = {
    "GET /health": PUBLIC,
    "GET /ready": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /{path}": PUBLIC,
    "GET /metrics": EVERYBODYS,
    f"POST {PREFIX}/track": TRACK,
    "POST /api/v1/lineage": TRACK,
    f"GET {PREFIX}/me": ANYBODY,
    f"GET {PREFIX}/users": EVERYBODYS,
    f"GET {PREFIX}/user/{{user_id}}": OWN,
    f"GET {PREFIX}/user/{{user_id}}/rhythm": OWN,
    f"GET {PREFIX}/user/{{user_id}}/favorites": OWN,
    f"POST {PREFIX}/user/{{user_id}}/favorites": OWN_CHANGE,
    f"PUT {PREFIX}/user/{{user_id}}/favorites/order": OWN_CHANGE,
    f"PATCH {PREFIX}/user/{{user_id}}/favorites/{{workflow_id}}": OWN_CHANGE,
    f"DELETE {PREFIX}/user/{{user_id}}/favorites/{{workflow_id}}": OWN_CHANGE,
    f"GET {PREFIX}/user/{{user_id}}/templates": OWN,
    f"POST {PREFIX}/user/{{user_id}}/templates": OWN_CHANGE,
    f"DELETE {PREFIX}/user/{{user_id}}/templates/{{template_id}}": OWN_CHANGE,
    f"GET {PREFIX}/user/{{user_id}}/patterns": OWN,
    f"GET {PREFIX}/user/{{user_id}}/insights": OWN,
    f"POST {PREFIX}/user/{{user_id}}/insights/{{insight_id}}/dismiss": OWN_CHANGE,
    f"POST {PREFIX}/user/{{user_id}}/insights/{{insight_id}}/reopen": OWN_CHANGE,
    f"GET {PREFIX}/sequences/{{user_id}}": OWN,
    f"GET {PREFIX}/popular-sequences": AGGREGATE,
    f"GET {PREFIX}/popular": AGGREGATE,
    f"GET {PREFIX}/abandoned": AGGREGATE,
    f"GET {PREFIX}/success-rates": AGGREGATE,
    f"GET {PREFIX}/success-rate/{{workflow_id}}": AGGREGATE,
    f"GET {PREFIX}/workflow/{{workflow_id}}": AGGREGATE,
    f"GET {PREFIX}/workflow/{{workflow_id}}/daily": AGGREGATE,
    f"GET {PREFIX}/workflow/{{workflow_id}}/lifecycle": AGGREGATE,
    f"GET {PREFIX}/workflow/{{workflow_id}}/neighbours": AGGREGATE,
    f"GET {PREFIX}/organisation/daily": AGGREGATE,
    f"GET {PREFIX}/organisation/insights": AGGREGATE,
    f"GET {PREFIX}/definitions": AGGREGATE,
}
BODIES = {
    "track": {"user_id": ME, "workflow_id": WORKFLOW, "status": "started"},
    "lineage": {
        "eventType": "START",
        "eventTime": f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "run": {"runId": WORKFLOW},
        # Whoever has no owner's facet is called by the namespace.
        "job": {"namespace": ME, "name": "w"},
    },
    "favorites": {"workflow_id": WORKFLOW},
    "order": {"workflow_ids": []},
    "templates": {"sequence_id": WORKFLOW, "name": "mine"},
}


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    app = create_app(
        Settings(_env_file=None), Warehouse("postgresql://x@127.0.0.1:1/x"), is_demo=False
    )
    routes = {
        f"{method} {route.path_format}"  # type: ignore[attr-defined]
        for route in app.routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert routes == set(RULES)


@pytest.fixture(scope="module")
def protected(serve_api: Serve, issuer: Issuer) -> TestClient:
    return serve_api(oidc={"issuer": issuer.url, "audience": AUDIENCE}, rate_limit="1000000/minute")


@pytest.fixture(scope="module")
def callers(module_warehouse: Warehouse, issuer: Issuer) -> dict[str, dict[str, str]]:
    me = mapped_id("user", ME, source_namespace("tracked"))
    with module_warehouse.connect() as connection:
        keys = {
            "track": create_key(connection, "t", ["track"]),
            "all": create_key(connection, "r", ["read:all"]),
            "admin": create_key(connection, "a", ["admin"]),
            "self-key": create_key(connection, "s", ["read:self"], me),
        }
    bearer = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    person = {"Authorization": f"Bearer {issuer.token(ME)}"}
    return {
        **bearer, "nobody": {}, "wrong": {"Authorization": "Bearer wu_wrong"},
        "self": person, "other": person,
    }  # fmt: skip


def _ask(client: TestClient, rule: str, caller: str, headers: dict[str, str]) -> Any:
    method, path = rule.split(" ", 1)
    path = path.replace("{user_id}", OTHER if caller == "other" else ME)
    path = re.sub(r"\{path:page\}", "", path)
    path = re.sub(r"\{\w+\}", WORKFLOW, path)
    body = BODIES.get(path.rsplit("/", 1)[-1], {} if method in ("PUT", "PATCH") else None)
    if caller == "other" and "user_id" in (body or {}):
        body = {**(body or {}), "user_id": OTHER}
    if caller == "other" and "job" in (body or {}):
        body = {**(body or {}), "job": {"namespace": OTHER, "name": "w"}}
    return client.request(method, path, headers=headers, json=body)


@pytest.mark.parametrize("caller", sorted(PUBLIC))
@pytest.mark.parametrize("rule", RULES)
def test_who_may_call_what(
    protected: TestClient, callers: dict[str, dict[str, str]], rule: str, caller: str
) -> None:
    answer = _ask(protected, rule, caller, callers[caller])
    if rule.endswith(("/track", "/lineage")) and caller == "other":
        # An item that is not the caller's is refused by itself.
        assert answer.json()["rejected"] == 1
        return
    if caller in RULES[rule]:
        assert answer.status_code not in (401, 403), answer.text
        return
    assert answer.status_code == (401 if caller in ("nobody", "wrong") else 403)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def test_a_refusal_is_the_same_whether_or_not_it_exists(
    protected: TestClient, callers: dict[str, dict[str, str]]
) -> None:
    answers = [
        protected.get(f"{PREFIX}/user/{user}", headers=callers["self"]).json()
        for user in (OTHER, "nobody-is-called-this")
    ]
    assert answers[0] | {"instance": ""} == answers[1] | {"instance": ""}


def test_a_persons_key_and_header_work_like_their_token(
    protected: TestClient, callers: dict[str, dict[str, str]]
) -> None:
    key = callers["self-key"]["Authorization"].removeprefix("Bearer ")
    path = f"{PREFIX}/user/{ME}/favorites"
    assert protected.get(path, headers={"X-API-Key": key}).status_code == 503
    assert protected.get(f"{PREFIX}/user/{OTHER}", headers={"X-API-Key": key}).status_code == 403


@pytest.fixture
def fresh(serve_api: Serve, issuer: Issuer) -> Iterator[TestClient]:
    return serve_api(oidc={"issuer": issuer.url, "audience": AUDIENCE}, rate_limit="1000000/minute")


def test_tokens_that_are_not_valid_are_refused(protected: TestClient, issuer: Issuer) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    wrong = {
        "another key": issuer.token(ME, key=stranger),
        "expired": issuer.token(ME, exp=1),
        "no end": issuer.token(ME, exp=None),
        "another audience": issuer.token(ME, aud="else"),
        "no audience": issuer.token(ME, aud=None),
        "another issuer": issuer.token(ME, iss="https://else.example"),
        "not yet": issuer.token(ME, nbf=4_000_000_000),
        "nobody": issuer.token(""),
        "no signature": issuer.token(ME).rsplit(".", 1)[0] + ".",
        "no token": "a.b.c",
    }
    for why, token in wrong.items():
        answer = protected.get(f"{PREFIX}/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, why


def test_an_expiry_written_as_text_is_no_error_of_ours(
    protected: TestClient, issuer: Issuer
) -> None:
    token = issuer.token(ME, exp=str(int(time.time()) + 600))
    answer = protected.get(f"{PREFIX}/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (401, 503)


def test_the_issuers_keys_are_fetched_once_and_again_when_they_change(
    fresh: TestClient, issuer: Issuer
) -> None:
    before = issuer.asked
    for _ in range(3):
        header = {"Authorization": f"Bearer {issuer.token(ME)}"}
        assert fresh.get(f"{PREFIX}/popular", headers=header).status_code == 503
    assert issuer.asked - before == 2
    # PyJWT asks again for a key that it does not know, at most every 30 seconds.
    fresh.app.state.services.tokens._keys.cooldown_duration = 0  # type: ignore[attr-defined]
    old = dict(issuer.keys)
    issuer.rotate("second")
    header = {"Authorization": f"Bearer {issuer.token(ME)}"}
    try:
        assert fresh.get(f"{PREFIX}/popular", headers=header).status_code == 503
    finally:
        issuer.keys = old


def test_an_issuer_grants_more_only_under_our_prefix(fresh: TestClient, issuer: Issuer) -> None:
    for scope, status in (
        ("openid admin read:all", 403),
        ("workflow-usage:read:all openid", 503),
        (["workflow-usage:admin"], 503),
    ):
        header = {"Authorization": f"Bearer {issuer.token(ME, scope=scope)}"}
        assert fresh.get(f"{PREFIX}/users", headers=header).status_code == status, scope


def test_a_revoked_key_is_refused_after_some_seconds(
    serve_api: Serve, module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage_pipeline.api.auth.keys._REMEMBERED_SECONDS", 0.0)
    client = serve_api()
    with module_warehouse.connect() as connection:
        key = create_key(connection, "short-lived", ["track"])
    header = {"Authorization": f"Bearer {key}"}
    assert client.post(f"{PREFIX}/track", headers=header, json={"executions": []}).is_success
    with module_warehouse.connect() as connection:
        revoke_key(connection, "short-lived")
        stored = connection.execute("select api_keys::text from raw.api_keys").fetchall()
    assert (
        client.post(f"{PREFIX}/track", headers=header, json={"executions": []}).status_code == 401
    )
    assert key not in str(stored)


def test_each_key_has_a_rate_limit_of_its_own(
    serve_api: Serve, module_warehouse: Warehouse
) -> None:
    client = serve_api(rate_limit="3/minute")
    with module_warehouse.connect() as connection:
        keys = [create_key(connection, f"limited-{number}", ["track"]) for number in range(2)]
    statuses = [
        client.post(
            f"{PREFIX}/track", headers={"X-API-Key": key}, json={"executions": []}
        ).status_code
        for key in [keys[0]] * 4 + [keys[1]]
    ]
    assert statuses == [202, 202, 202, 429, 202]
    refused = client.post(f"{PREFIX}/track", headers={"X-API-Key": keys[0]}, json={})
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.fixture
def demo(warehouse: Warehouse, tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path, database_url=warehouse.url, _env_file=None)
    with TestClient(create_app(settings, warehouse, is_demo=True), "http://localhost") as client:
        yield client


def test_the_demo_asks_nobody_and_says_so_but_refuses_a_wrong_key(demo: TestClient) -> None:
    assert demo.post(f"{PREFIX}/track", json={"executions": []}).status_code == 202
    wrong = {"Authorization": "Bearer wu_wrong"}
    assert demo.post(f"{PREFIX}/track", json={}, headers=wrong).status_code == 401


def test_a_first_key_ends_the_demo_at_once_and_for_good(
    demo: TestClient, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage_pipeline.api.auth.demo._REMEMBERED_SECONDS", 0.0)
    monkeypatch.setattr("usage_pipeline.api.auth.keys._REMEMBERED_SECONDS", 0.0)

    def status(**headers: str) -> int:
        answer = demo.post(f"{PREFIX}/track", json={"executions": []}, headers=headers)
        return answer.status_code

    assert status() == 202
    with warehouse.connect() as connection:
        key = create_key(connection, "first", ["track"])
    assert status() == 401
    assert status(Authorization=f"bearer {key}") == 202
    with warehouse.connect() as connection:
        revoke_key(connection, "first")
    assert [status(), status(Authorization=f"Bearer {key}")] == [401, 401]


def test_a_key_that_came_and_went_unnoticed_has_ended_the_demo_for_good(
    demo: TestClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=warehouse.url, _env_file=None)
    assert is_open_to_all(settings, warehouse, "127.0.0.1")
    with warehouse.connect() as connection:
        create_key(connection, "brief", ["track"])
        revoke_key(connection, "brief")
    assert demo.post(f"{PREFIX}/track", json={"executions": []}).status_code == 401
    assert not is_open_to_all(settings, warehouse, "127.0.0.1")


def test_a_demo_does_not_start_for_pages_of_every_site(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    settings = Settings(
        home=tmp_path, database_url=warehouse.url, api={"cors_origins": "*"}, _env_file=None
    )
    with pytest.raises(UsageError, match="pages of every site"):
        is_open_to_all(settings, warehouse, "127.0.0.1")
    with warehouse.connect() as connection:
        create_key(connection, "first", ["track"])
    assert not is_open_to_all(settings, warehouse, "127.0.0.1")


def test_a_demo_is_asked_about_once_a_second(demo: TestClient) -> None:
    asked = 0
    keys = demo.app.state.services.keys  # type: ignore[attr-defined]
    look = keys.is_any

    async def counted() -> bool:
        nonlocal asked
        asked += 1
        return bool(await look())

    keys.is_any = counted
    began = time.monotonic()
    for _ in range(50):
        assert demo.post(f"{PREFIX}/track", json={"executions": []}).status_code == 202
    assert 1 <= asked <= 1 + (time.monotonic() - began) // 1 + 1


def test_pages_of_declared_origins_may_call_and_no_others(serve_api: Serve) -> None:
    client = serve_api(cors_origins="https://app.example, https://b.example")
    for origin, allowed in (("https://app.example", True), ("https://evil.example", False)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        answer = client.options(f"{PREFIX}/popular", headers=asked)
        assert (answer.headers.get("access-control-allow-origin") == origin) == allowed


def test_a_warehouse_that_is_down_is_503_and_the_process_is_healthy(serve_api: Serve) -> None:
    client = serve_api(is_demo=True, url="postgresql://nobody@127.0.0.1:1/none")
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in answer.text


def test_ids_that_are_no_uuids_are_mapped_as_a_source_maps_them() -> None:
    import pyarrow as pa

    from usage_pipeline.identity import mapped_ids

    mapped = mapped_ids("user", pa.array(["ana"]), source_namespace("apps"))[0].as_py()
    assert mapped_id("user", "ana", source_namespace("apps")) == UUID(mapped)
