"""The answers of the API equal the marts; pages, ETags, favourites; and what fuzzing finds."""

import base64
import hashlib
import html
import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import CHECKOUT, RunDbt
from tests.integration.api.conftest import PREFIX
from tests.integration.api.plans import whole_scans
from usage_pipeline.api.listing import Page
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.favourites import refresh_usage


@pytest.fixture(scope="module")
def user(built: Warehouse) -> str:
    return str(_rows(built, "select user_id from mining.usage_insights order by user_id")[0][0])


def _rows(warehouse: Warehouse, query: str, values: Any = None) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def _get(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"{PREFIX}{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _all(client: TestClient, path: str, limit: int = 7, **query: Any) -> list[dict[str, Any]]:
    """Every page of a list."""
    items: list[dict[str, Any]] = []
    page = _get(client, path, limit=limit, **query)
    while True:
        assert page["as_of"] == "2026-06-28"
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        assert len(page["items"]) == limit
        page = _get(client, path, limit=limit, cursor=page["next_cursor"], **query)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | date) and not isinstance(value, datetime):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return value


@pytest.mark.parametrize(
    ("path", "columns", "query"),
    [
        (
            "/popular",
            "workflow_id workflow_name popularity_rank total_executions unique_users "
            "people_execution_count machine_execution_count previous_rank rank_change "
            "previous_total_executions execution_change success_rate_fraction",
            "select workflow_id, workflow_name, popularity_rank, total_executions, unique_users, "
            "people_execution_count, machine_execution_count, previous_rank, rank_change, "
            "previous_total_executions, execution_change, success_rate "
            "from marts.popular_workflows where as_of_date = '2026-06-28' order by 3",
        ),
        (
            "/success-rates",
            "workflow_id total_executions success_count failure_count cancelled_count open_count "
            "sample_size success_rate_fraction success_rate_lower_fraction "
            "success_rate_upper_fraction failure_rate_fraction unique_users avg_duration_ms "
            "reliability",
            "select workflow_id, total_executions, success_count, failure_count, cancelled_count, "
            "open_count, sample_size, success_rate, success_rate_lower, success_rate_upper, "
            "failure_rate, unique_users, avg_duration_ms, reliability "
            "from marts.workflow_success_rates where as_of_date = '2026-06-28' "
            "order by success_rate_upper nulls last, workflow_id",
        ),
        (
            "/abandoned",
            "workflow_id users_who_abandoned avg_tries_before_abandon median_tries_before_abandon "
            "last_used_date",
            "select workflow_id, users_who_abandoned, avg_tries_before_abandon, "
            "median_tries_before_abandon, last_used_date from marts.abandoned_workflows "
            "order by users_who_abandoned desc, workflow_id desc",
        ),
        (
            "/users",
            "user_id user_name execution_count last_used_date",
            "select stats.user_id, source_user_id, sum(total_executions), max(last_used_date) "
            "from marts.user_workflow_stats as stats join raw.users using (user_id) "
            "group by 1, 2 order by 3 desc, 1 desc",
        ),
        (
            "/user/{user}",
            "workflow_id workflow_name execution_count success_count failure_count "
            "cancelled_count open_count success_rate_fraction finished_count reliability "
            "avg_duration_ms frequency executions_last_28_days execution_trend_fraction",
            "select workflow_id, workflow_name, total_executions, success_count, failure_count, "
            "cancelled_count, open_count, success_rate, success_count + failure_count, case "
            "when success_count + failure_count < 5 then 'grey' when success_rate > 0.9 "
            "then 'green' when success_rate > 0.7 then 'yellow' else 'red' end, "
            "avg_duration_ms, frequency, "
            "executions_last_28_days, execution_trend from marts.user_workflow_stats "
            "where user_id = %(user)s order by last_used_at desc, workflow_id desc",
        ),
        (
            "/organisation/insights",
            "insight_type workflow_id user_count score success_rate_fraction reliability",
            "select insight_type, workflow_id, user_count, score, success_rate, reliability "
            "from marts.organisation_insights "
            "order by insight_type, score desc, subject_id",
        ),
        (
            "/organisation/daily",
            "execution_date execution_count success_count failure_count",
            "select execution_date, sum(execution_count), sum(success_count), sum(failure_count) "
            "from marts.user_workflow_usage group by 1 order by 1",
        ),
    ],
)
def test_numbers_equal_the_marts(
    client: TestClient, built: Warehouse, user: str, path: str, columns: str, query: str
) -> None:
    names = columns.split()
    got = [[item[name] for name in names] for item in _all(client, path.replace("{user}", user))]
    expected = [[_plain(value) for value in row] for row in _rows(built, query, {"user": user})]
    assert got == expected
    if path != "/abandoned":
        assert len(got) > 5


def test_analysts_get_from_the_functions_what_the_marts_have(built: Warehouse) -> None:
    """By the role of readers, which is all that a BI tool has."""
    month = "execution_date between as_of_date - 29 and as_of_date"
    with built.connect() as connection:
        connection.execute("set role usage_reader")
        percentiles = connection.execute(
            f"""
            select mart.workflow_id, p50_duration_ms, p95_duration_ms,
                marts.duration_percentile(0.5)
                    within group (order by duration_bucket, durations.duration_count),
                marts.duration_percentile(0.95)
                    within group (order by duration_bucket desc, durations.duration_count)
            from marts.workflow_duration_percentiles as mart
            inner join marts.user_workflow_durations as durations using (workflow_id)
            cross join marts.warehouse_as_of
            where {month}
            group by mart.workflow_id, p50_duration_ms, p95_duration_ms
            """.encode()
        ).fetchall()
        bounds = connection.execute(
            "select success_rate_lower, marts.wilson_lower(success_count, finished), "
            "success_rate_upper, marts.wilson_upper(success_count, finished) from ("
            "select *, success_count + failure_count as finished from marts.workflow_success_rates"
            ") as rates"
        ).fetchall()
        empty = connection.execute(
            "select marts.duration_percentile(0.95) within group (order by duration_bucket, "
            "duration_count), marts.wilson_lower(0, 0), marts.wilson_upper(0, 0) "
            "from marts.user_workflow_durations where false"
        ).fetchone()
    assert len(percentiles) > 15
    for _, p50, p95, median, high in percentiles:
        assert (median, high) == (p50, p95)
    assert len(bounds) > 15
    for lower, own_lower, upper, own_upper in bounds:
        assert (own_lower, own_upper) == (lower, upper)
    assert empty == (None, None, None)


_QUESTIONS = re.findall(
    r"\*\*(.*?)\*\*\n\n```sql\n(.*?)```",
    (CHECKOUT / "docs" / "bi.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize("query", [pytest.param(text, id=name) for name, text in _QUESTIONS])
def test_every_question_of_analysts_has_an_answer(built: Warehouse, query: str) -> None:
    with built.connect() as connection:
        connection.execute("set role usage_reader")
        connection.execute("set search_path = marts, mining")
        assert connection.execute(query.encode()).fetchall() != []


def test_every_list_is_what_its_model_says(client: TestClient, user: str) -> None:
    workflow = _get(client, "/popular", limit=1)["items"][0]["workflow_id"]
    sequence = _get(client, f"/sequences/{user}")["items"][0]["sequence_id"]
    mine = f"{PREFIX}/user/{user}"
    client.post(f"{mine}/favorites", json={"workflow_id": workflow})
    new = {"sequence_id": sequence, "name": "a"}
    template = client.post(f"{mine}/templates", json=new).json()["template_id"]
    checked = 0
    for route in client.app.routes:  # type: ignore[attr-defined]
        model = getattr(route, "response_model", None)
        if model is None or "GET" not in route.methods or not issubclass(model, Page):
            continue
        path = route.path_format.format(user_id=user, workflow_id=workflow)
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.json()["items"] or path.endswith("/abandoned"), path
        said = model.model_validate_json(answer.content, strict=True).model_dump(mode="json")
        assert said == answer.json(), path
        checked += 1
    assert checked > 12
    client.delete(f"{mine}/favorites/{workflow}")
    client.delete(f"{mine}/templates/{template}")


def test_rates_are_given_in_both_ways(client: TestClient) -> None:
    for item in _all(client, "/success-rates"):
        for name in ("success_rate", "failure_rate", "success_rate_lower", "success_rate_upper"):
            fraction, percent = item[f"{name}_fraction"], item[f"{name}_percent"]
            assert percent == (None if fraction is None else pytest.approx(fraction * 100))


@pytest.mark.parametrize("path", ["/popular", "/success-rates", "/user/{user}"])
def test_a_search_finds_the_names_that_hold_it_page_by_page(
    client: TestClient, user: str, path: str
) -> None:
    path = path.replace("{user}", user)
    every = _all(client, path)
    part = every[0]["workflow_name"][1:4]
    expected = [item for item in every if part.lower() in item["workflow_name"].lower()]
    assert 1 <= len(expected) < len(every)
    for written in (part.upper(), part.lower()):
        assert _all(client, path, limit=1, search=written) == expected
    assert _all(client, path, search="nothing is called this") == []


@pytest.mark.parametrize(
    ("name", "search", "found"),
    [
        ("Éxport ЖУК", "éxport жук", True),
        ("E\u0301xport", "\u00e9XPORT", True),
        ("ΟΔΟΣ", "οδος", True),
        ("日報を送る", "報を", True),
        ("100% of a_b\\c", "% of A_B\\", True),
        ("1000 of axb", "100%", False),
        ("1000 of axb", "a_b", False),
        ("send \x01'; --", "\x01'; --", True),
        (None, "null", False),
    ],
)
def test_a_search_takes_every_script_and_no_character_for_another(
    client: TestClient, built: Warehouse, name: str | None, search: str, found: bool
) -> None:
    with built.connect() as connection:
        connection.execute(
            "insert into marts.abandoned_workflows (workflow_id, workflow_name, "
            "users_who_abandoned, avg_tries_before_abandon, median_tries_before_abandon, "
            "last_used_date) values (gen_random_uuid(), %s, 9, 1, 1, '2026-05-01') "
            "returning workflow_id",
            [name],
        )
    try:
        items = _get(client, "/abandoned", search=search)["items"]
        assert [item["workflow_name"] for item in items] == ([name] if found else [])
    finally:
        with built.connect() as connection:
            connection.execute(
                "delete from marts.abandoned_workflows where users_who_abandoned = 9"
            )


def test_users_are_found_by_a_part_of_their_name_or_by_their_id(client: TestClient) -> None:
    every = _all(client, "/users")
    part = every[0]["user_name"][-1:]
    expected = [item for item in every if part in item["user_name"]]
    assert 1 <= len(expected) < len(every)
    assert _all(client, "/users", limit=1, search=part.upper()) == expected
    assert _all(client, "/users", search=every[0]["user_id"].upper()) == every[:1]
    assert _all(client, "/users", search="") == every


def test_a_cursor_goes_on_in_its_own_search_only(client: TestClient) -> None:
    page = _get(client, "/popular", limit=1, search="e")
    asked = {"limit": 1, "cursor": page["next_cursor"]}
    assert _get(client, "/popular", **asked, search="e")["items"] != page["items"]
    for other in ({"search": "E"}, {}):
        refused = client.get(f"{PREFIX}/popular", params=asked | other)
        assert refused.status_code == 422
        assert "start again without it" in refused.json()["detail"]
    for wrong in ("", "x" * 101, "\0"):
        assert client.get(f"{PREFIX}/popular", params={"search": wrong}).status_code == 422


def test_one_workflow_says_the_same_as_the_lists(client: TestClient) -> None:
    popular = {item["workflow_id"]: item["popularity_rank"] for item in _all(client, "/popular")}
    for listed in _all(client, "/success-rates"):
        one = _get(client, f"/success-rate/{listed['workflow_id']}")
        assert one == {**listed, "as_of": "2026-06-28"}
        whole = _get(client, f"/workflow/{listed['workflow_id']}")
        rank = popular.get(listed["workflow_id"])
        assert whole == {**one, "popularity_rank": rank}


def test_a_workflow_day_by_day_and_week_by_week(client: TestClient, built: Warehouse) -> None:
    workflow = _get(client, "/popular", limit=1)["items"][0]["workflow_id"]
    days = _get(client, f"/workflow/{workflow}/daily", **{"from": "2026-06-22"})["items"]
    week = _get(client, "/popular", limit=1)["items"][0]["total_executions"]
    assert sum(day["execution_count"] for day in days) == week
    assert [day["execution_date"] for day in days] == sorted(day["execution_date"] for day in days)
    weeks = _all(client, f"/workflow/{workflow}/lifecycle")
    assert [week["active_users"] for week in weeks] == [
        row[0]
        for row in _rows(
            built,
            "select active_users from marts.workflow_lifecycle where workflow_id = %s "
            "order by week_start_date desc",
            [workflow],
        )
    ]
    swapped = {"from": "2026-06-28", "to": "2026-06-01"}
    assert client.get(f"{PREFIX}/workflow/{workflow}/daily", params=swapped).status_code == 422


def test_mined_answers_name_their_workflows(
    client: TestClient, built: Warehouse, user: str
) -> None:
    names = dict(_rows(built, "select workflow_id::text, workflow_name from marts.workflows"))
    for window in (7, 28, 90):
        (sequence,) = _get(client, f"/sequences/{user}", window=window)["items"]
        assert sequence["frequency"] == window
        assert all(
            each["workflow_name"] == names[each["workflow_id"]] for each in sequence["workflows"]
        )
        assert len(sequence["workflows"]) == 2
    (pattern,) = _get(client, f"/user/{user}/patterns")["items"]
    assert pattern["next_workflow_name"] == names[pattern["next_workflow_id"]]
    before = _get(client, f"/workflow/{pattern['next_workflow_id']}/neighbours")["before"]
    assert pattern["workflow_id"] in [each["workflow_id"] for each in before]
    assert _get(client, f"/user/{user}/rhythm")["items"] == [
        {"weekday": 0, "hour": 9, "execution_count": 4}
    ]
    assert len(_get(client, "/popular-sequences")["items"]) == 2


def test_insights_are_dismissed_and_opened_again_and_resolved_ones_stay(
    client: TestClient, user: str
) -> None:
    first, second = _get(client, f"/user/{user}/insights")["items"]
    assert [first["score"], second["score"]] == [3.0, 2.0]
    path = f"{PREFIX}/user/{user}/insights"
    for _ in range(2):
        dismissed = client.post(f"{path}/{first['insight_id']}/dismiss")
        assert (dismissed.status_code, dismissed.json()["state"]) == (200, "dismissed")
    assert _get(client, f"/user/{user}/insights")["items"] == [second]
    reopened = client.post(f"{path}/{first['insight_id']}/reopen").json()
    assert {name: reopened[name] for name in first} == first
    (resolved,) = _get(client, f"/user/{user}/insights", state="resolved")["items"]
    assert client.post(f"{path}/{resolved['insight_id']}/dismiss").status_code == 409
    assert client.post(f"{path}/{uuid4()}/dismiss").status_code == 404
    other = client.post(f"{PREFIX}/user/somebody/insights/{first['insight_id']}/dismiss")
    assert other.status_code == 404


def test_a_sequence_is_saved_as_a_template_once(client: TestClient, user: str) -> None:
    (sequence,) = _get(client, f"/sequences/{user}")["items"]
    assert not sequence["is_saved"]
    new = {"sequence_id": sequence["sequence_id"], "name": "Morning"}
    made = client.post(f"{PREFIX}/user/{user}/templates", json=new)
    again = client.post(f"{PREFIX}/user/{user}/templates", json={**new, "name": "Other"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()
    assert made.json()["workflows"] == sequence["workflows"]
    assert _get(client, f"/sequences/{user}")["items"][0]["is_saved"]
    (listed,) = _get(client, f"/user/{user}/templates")["items"]
    path = f"{PREFIX}/user/{user}/templates"
    assert client.post(path, json={**new, "sequence_id": str(uuid4())}).status_code == 404
    assert client.delete(f"{PREFIX}/user/x/templates/{listed['template_id']}").status_code == 404
    assert client.delete(f"{path}/{listed['template_id']}").status_code == 204
    assert client.delete(f"{path}/{listed['template_id']}").status_code == 404


def _just_reported_is_a_favourite(client: TestClient, path: str) -> None:
    """One that no mart knows yet, which goes as it came."""
    item = {
        "user_id": "ana", "workflow_id": "brand-new", "workflow_name": "Brand new",
        "status": "completed", "duration_ms": 1,
    }  # fmt: skip
    assert client.post(path, json={"workflow_id": "brand-new"}).status_code == 404
    assert client.post(f"{PREFIX}/track", json=item).json()["accepted"] == 1
    added = client.post(path, json={"workflow_id": "brand-new"})
    assert added.status_code == 201
    favourite = added.json()
    assert (favourite["workflow_name"], favourite["usage_count"]) == ("Brand new", 0)
    assert favourite["reliability"] == "grey"
    assert client.delete(f"{path}/{favourite['workflow_id']}").status_code == 204


def test_favourites_are_added_named_ordered_removed_and_refreshed(
    client: TestClient, built: Warehouse, user: str
) -> None:
    path = f"{PREFIX}/user/{user}/favorites"
    used = _get(client, f"/user/{user}", order="use", limit=3)["items"]
    ids = [item["workflow_id"] for item in used]
    added = [client.post(path, json={"workflow_id": each}) for each in ids]
    assert [answer.status_code for answer in added] == [201] * 3
    assert [answer.json()["usage_count"] for answer in added] == [
        item["execution_count"] for item in used
    ]
    assert client.post(path, params={"workflow_id": ids[0]}).status_code == 200
    assert client.post(path, json={"workflow_id": str(uuid4())}).status_code == 404
    assert client.post(path).status_code == 422
    _just_reported_is_a_favourite(client, path)
    named = client.patch(f"{path}/{ids[1]}", json={"custom_name": "Mine", "category": "Daily"})
    assert (named.json()["custom_name"], named.json()["category"]) == ("Mine", "Daily")
    kept = client.patch(f"{path}/{ids[1]}", json={"category": None}).json()
    assert (kept["custom_name"], kept["category"]) == ("Mine", None)
    order = client.put(f"{path}/order", json={"workflow_ids": [ids[2], ids[0], str(uuid4())]})
    assert [item["workflow_id"] for item in order.json()["items"]] == [ids[2], ids[0], ids[1]]
    with built.connect() as connection:
        connection.execute("update raw.workflow_favorites set usage_count = 0, last_used = null")
        assert refresh_usage(connection) == 3
        assert refresh_usage(connection) == 0
    refreshed = {item["workflow_id"]: item for item in _all(client, f"/user/{user}/favorites")}
    for item in used:
        assert refreshed[item["workflow_id"]]["usage_count"] == item["execution_count"]
        assert refreshed[item["workflow_id"]]["last_used"] == item["last_used_at"]
    assert _get(client, "/user/somebody/favorites")["items"] == []
    for each in ids:
        assert client.delete(f"{PREFIX}/user/somebody/favorites/{each}").status_code == 404
        assert client.delete(f"{path}/{each}").status_code == 204


def test_an_answer_that_is_known_costs_nothing_until_the_marts_are_built_again(
    client: TestClient, built: Warehouse, dbt_on: RunDbt
) -> None:
    first = client.get(f"{PREFIX}/popular")
    tag = first.headers["etag"]
    again = client.get(f"{PREFIX}/popular", headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "no-cache" in first.headers["cache-control"]
    # What a build does last, whatever the as-of date.
    with built.connect() as connection:
        connection.execute(
            "create table marts.anew as select * from marts.warehouse_as_of; "
            "grant select on marts.anew to usage_reader; "
            "drop table marts.warehouse_as_of; alter table marts.anew rename to warehouse_as_of"
        )
    client.app.state.services.reader._known = None  # type: ignore[attr-defined]
    rebuilt = client.get(f"{PREFIX}/popular", headers={"If-None-Match": tag})
    assert rebuilt.status_code == 200
    assert rebuilt.headers["etag"] != tag


def test_errors_are_problems_of_one_shape(client: TestClient) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/success-rate/unknown", 404),
        ("GET", "/track", 405),
        ("DELETE", "/popular", 405),
        ("GET", "/popular?limit=0", 422),
        ("GET", "/popular?cursor=%00", 422),
        ("GET", "/popular?cursor=W10", 422),
        ("GET", "/sequences/ana?window=8", 422),
        ("GET", "/workflow/x/daily?from=never", 422),
    ):
        answer = client.request(method, f"{PREFIX}{path}")
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "detail", "instance"}
        assert problem["status"] == status


def test_the_dashboard_is_served_for_every_path_of_its_own(client: TestClient) -> None:
    for path in ("/", "/workflows/some", "/users"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
    for path in ("/assets/nothing.js", "/../../settings.py", "/%2e%2e/app.py"):
        assert client.get(path).status_code == 404


def test_the_api_is_described_on_a_page_that_needs_no_script_and_no_other_machine(
    client: TestClient,
) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    page, policy = answer.text, answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    style = page.split("<style>")[1].split("</style>")[0].encode()
    assert base64.b64encode(hashlib.sha256(style).digest()).decode() in policy
    assert not re.search(r"<script|<img|<link|style=|src=|https?://(?!localhost)", page)
    described = client.get("/openapi.json").json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert operation["summary"] in html.unescape(page)
    targets = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets
    assert set(described["components"]["schemas"]) <= targets
    # Nothing of the description is markup by chance: the page holds together.
    stack: list[str] = []
    for closing, tag in re.findall(r"<(/?)([a-z]+[0-9]?)\b[^>]*>", page):
        if tag == "meta":
            continue
        if closing:
            assert stack.pop() == tag
        else:
            stack.append(tag)
    assert stack == []


def test_metrics_count_requests_by_route(client: TestClient) -> None:
    client.get(f"{PREFIX}/success-rate/{uuid4()}")
    text = client.get("/metrics").text
    assert f'route="{PREFIX}/success-rate/{{workflow_id}}",status="404"' in text
    assert "usage_api_tracked_total" in text


def test_definitions_say_what_every_column_means(client: TestClient) -> None:
    items = _get(client, "/definitions")["items"]
    assert items["popular_workflows.popularity_rank"].startswith("1 for the most executions")
    assert "usage_patterns.hits" in items


_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def _fuzz(client: TestClient, examples: int) -> set[int]:
    """Ask what the description allows and what it does not; return the statuses seen."""
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    config = hypothesis_settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    seen: set[int] = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        def ask(case: schemathesis.Case) -> None:
            asked = case.as_transport_kwargs(base_url="http://localhost")
            asked.pop("cookies", None)
            content = asked.pop("data", None)
            answer = client.request(**asked, content=content)
            assert answer.status_code != 503, answer.text
            seen.add(answer.status_code)
            case.validate_response(Response.from_any(answer), checks=list(_CHECKS))

        config(given(case=operation.as_strategy())(ask))()
    return seen


def test_fuzzing_finds_no_server_error_and_no_undocumented_answer(client: TestClient) -> None:
    assert {200, 202, 404, 422} <= _fuzz(client, 8)


@pytest.mark.long
def test_long_fuzzing_finds_no_server_error_and_no_undocumented_answer(client: TestClient) -> None:
    assert {200, 202, 404, 422} <= _fuzz(client, 300)


def test_every_field_has_an_example_that_fits(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for schema in schemas.values():
        if "example" in schema:
            continue
        for each in schema["properties"].values():
            if "$ref" in str(each):
                # An object of its own, which has examples.
                continue
            (example,) = each["examples"]
            Draft202012Validator(each, format_checker=FormatChecker()).validate(example)


def test_examples_in_the_description_are_what_is_accepted(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    example = described["components"]["schemas"]["TrackedItem"]["example"]
    fresh = {**example, "start_time": None}
    answer = client.post(f"{PREFIX}/track", content=json.dumps(fresh))
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == 1, answer.text


def test_no_query_reads_a_big_table_whole(built: Warehouse, client: TestClient) -> None:
    assert whole_scans(built, 1_000_000) == {}


@pytest.mark.long
def test_no_query_reads_a_big_table_whole_at_ten_million_rows(
    built: Warehouse, client: TestClient
) -> None:
    assert whole_scans(built, 10_000_000) == {}
