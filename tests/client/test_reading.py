"""Reading: typed answers, lists by pages, one exception for everything that goes wrong."""

import dataclasses
import inspect
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.loops import run
from usage_pipeline.client import ApiError, AsyncClient, Client, Report, answers
from usage_pipeline.client.async_reading import AsyncReading
from usage_pipeline.client.reading import Reading
from usage_pipeline.client.requests import AsyncListing, Listing, decoder

WORKFLOW = "6f1c7a52-0d0b-5c0e-9d0e-2f6f6f0a7b11"
Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler) -> Client:
    return Client("http://api/behind/proxy", "key", transport=httpx.MockTransport(handler))


def async_client_of(handler: Handler) -> AsyncClient:
    return AsyncClient("http://api", "key", transport=httpx.MockTransport(handler))


def abandoned(number: int) -> dict[str, Any]:
    return {
        "workflow_id": str(UUID(int=number)),
        "workflow_name": None,
        "users_who_abandoned": number,
        "avg_tries_before_abandon": 2.5,
        "median_tries_before_abandon": 2,
        "last_used_date": "2026-05-25",
        "a_field_of_a_newer_api": {},
    }


def in_pages(count: int, seen: list[httpx.Request]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        limit = int(request.url.params.get("limit", 50))
        first = int(request.url.params.get("cursor", 0))
        last = min(first + limit, count)
        body = {
            "as_of": "2026-06-28",
            "items": [abandoned(number) for number in range(first, last)],
            "next_cursor": str(last) if last < count else None,
        }
        return httpx.Response(200, json=body)

    return handler


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_a_list_gives_every_item_once_in_order_whatever_the_pages(
    count: int, requests: int
) -> None:
    seen: list[httpx.Request] = []
    with client_of(in_pages(count, seen)) as client:
        items = list(client.abandoned(page_size=4))
    assert [item.users_who_abandoned for item in items] == list(range(count))
    assert len(seen) == requests
    assert seen[0].url.path == "/behind/proxy/api/v1/workflow-usage/abandoned"
    assert seen[0].headers["Authorization"] == "Bearer key"


def test_pages_are_fetched_only_as_far_as_they_are_read() -> None:
    seen: list[httpx.Request] = []
    with client_of(in_pages(1000, seen)) as client:
        listing = client.abandoned()
        assert seen == []
        assert next(iter(listing)).last_used_date == date(2026, 5, 25)
        assert len(seen) == 1
        page = listing.first_page()
        assert (page.as_of, len(page.items), page.next_cursor) == (date(2026, 6, 28), 50, "50")


def test_the_asynchronous_client_reads_the_same() -> None:
    async def main() -> None:
        async with async_client_of(in_pages(9, [])) as client:
            listing = client.abandoned(page_size=4)
            items = [item async for item in listing]
            assert [item.users_who_abandoned for item in items] == list(range(9))
            assert len((await listing.first_page()).items) == 4

    run(main())


def test_a_cursor_that_does_not_move_ends_with_an_error_and_not_never() -> None:
    def stuck(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"as_of": None, "items": [], "next_cursor": "1"})

    with client_of(stuck) as client, pytest.raises(ApiError, match="repeats itself"):
        list(client.popular())


def test_a_search_is_asked_for_on_every_page() -> None:
    seen: list[httpx.Request] = []
    with client_of(in_pages(9, seen)) as client:
        assert len(list(client.abandoned(search="50 % & more", page_size=4))) == 9
        for listing in (
            client.popular(search="b"),
            client.success_rates(search="b"),
            client.user_workflows("ana", search="b"),
        ):
            assert listing._request.query == {"search": "b"}
    assert [request.url.params["search"] for request in seen] == ["50 % & more"] * 3


PROBLEM = {
    "type": "https://example/problems/forbidden",
    "title": "Forbidden",
    "status": 403,
    "detail": "This key may not read other users.",
    "instance": "/api/v1/workflow-usage/users",
    "extra": 1,
}


def test_a_refusal_carries_the_problem_document() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json=PROBLEM, headers={"Retry-After": "5"})

    with client_of(refuse) as client, pytest.raises(ApiError) as caught:
        list(client.users())
    error = caught.value
    assert (error.status, error.title, error.detail) == (403, PROBLEM["title"], PROBLEM["detail"])
    assert (error.type, error.instance) == (PROBLEM["type"], PROBLEM["instance"])
    assert (error.retry_after, error.problem["extra"]) == (5.0, 1)
    assert str(error) == "403 Forbidden: This key may not read other users."


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, content=b"<html>"),
        httpx.Response(500, content=b"[" * 100_000),
        httpx.Response(302, headers={"Location": "http://elsewhere/"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"items": [{"workflow_id": 3}]}),
        httpx.Response(200, json={"items": None}),
        httpx.Response(200, json={"as_of": "yesterday", "items": []}),
    ],
)
def test_any_other_answer_is_the_same_exception(response: httpx.Response) -> None:
    with client_of(lambda _: response) as client, pytest.raises(ApiError) as caught:
        list(client.abandoned())
    assert caught.value.status == response.status_code
    assert len(str(caught.value)) < 1200


def test_no_answer_is_the_same_exception_without_a_status() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client_of(fail) as client, pytest.raises(ApiError, match="cannot be reached") as caught:
        client.me()
    assert caught.value.status is None
    assert isinstance(caught.value.__cause__, httpx.ConnectError)

    async def main() -> None:
        async with async_client_of(fail) as client:
            with pytest.raises(ApiError, match="cannot be reached"):
                await client.me()

    run(main())


@given(st.text(min_size=1))
@example("a/../b?c#d%2F")
def test_an_id_is_one_part_of_the_path_whatever_is_in_it(identifier: str) -> None:
    paths: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(404, json={})

    readable = identifier.encode("utf-8", "replace").decode()
    if readable in (".", ".."):
        return
    with client_of(handler) as client, pytest.raises(ApiError):
        client.success_rate(readable)
    prefix, last = paths[0].decode().rsplit("/", 1)
    assert prefix == "/behind/proxy/api/v1/workflow-usage/success-rate"
    assert unquote(last) == readable


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_what_would_change_the_path_is_refused(identifier: str) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(ValueError, match="is not an id"):
        client.remove_favourite(identifier, WORKFLOW)


def test_sending_at_once_says_what_became_of_each_item() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["executions"]
        assert items[0]["start_time"] == "2026-06-29T12:00:00+00:00"
        answer = {"index": 0, "execution_id": None, "status": "rejected", "reason": "No user."}
        return httpx.Response(202, json={"accepted": 0, "rejected": 1, "items": [answer]})

    with client_of(handler) as client:
        start = datetime(2026, 6, 29, 12, tzinfo=UTC)
        answer = client.send([Report("", "w", "started", start_time=start)])
    assert (answer.accepted, answer.rejected, answer.items[0].reason) == (0, 1, "No user.")


def test_both_clients_have_the_same_methods_and_arguments() -> None:
    def methods(client: Client | AsyncClient) -> dict[str, str]:
        return {
            name: f"{inspect.signature(member)} {inspect.getdoc(member)}".replace("Async", "")
            for name, member in inspect.getmembers(client, inspect.isroutine)
            if not name.startswith("_") and name not in ("close", "aclose")
        }

    plain = methods(Client("http://api"))
    assert plain == methods(AsyncClient("http://api"))
    assert len(plain) > 30
    assert "Workflows of a user" in plain["user_workflows"]


def test_every_method_stands_in_the_class_with_the_signature_that_it_is_called_by() -> None:
    for name in ("user_workflows", "add_favourite", "definitions"):
        for kind in (Reading, AsyncReading):
            method = vars(kind)[name]
            assert inspect.isfunction(method)
            assert not hasattr(method, "__wrapped__")
        assert inspect.iscoroutinefunction(vars(AsyncReading)[name]) == (name != "user_workflows")


def test_the_methods_of_both_clients_have_types() -> None:
    async def later(client: AsyncClient) -> answers.OneWorkflowReliability:
        listing: AsyncListing[answers.PopularWorkflow] = client.popular(page_size=1)
        assert isinstance(listing, AsyncListing)
        return await client.success_rate(WORKFLOW)

    def now(client: Client) -> answers.OneWorkflowReliability:
        listing: Listing[answers.PopularWorkflow] = client.popular(page_size=1)
        assert isinstance(listing, Listing)
        return client.success_rate(WORKFLOW)

    # mypy reads this test; what is wrong by its types is wrong when it is run.
    with pytest.raises(TypeError):
        Client("http://api").popular("search")  # type: ignore[call-arg]
    counts = ("total_executions", "success_count", "failure_count", "cancelled_count", "open_count")
    body = {
        **dict.fromkeys((*counts, "unique_users"), 0),
        "workflow_id": WORKFLOW,
        "reliability": "grey",
        "as_of": "2026-06-28",
        "sample_size": 7,
    }
    answer = now(client_of(lambda _: httpx.Response(200, json=body)))
    assert answer == run(later(async_client_of(lambda _: httpx.Response(200, json=body))))
    assert answer.sample_size == 7


@pytest.mark.parametrize("url", ["", "api", "ftp://api", "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_is_refused_at_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_API_URL", "")
    if not url:
        assert repr(Client()) == "Client('http://127.0.0.1:8000')"
        return
    with pytest.raises(ValueError, match="is not the address of an API"):
        Client(url)


def test_a_key_is_never_shown_and_one_with_a_line_break_is_refused() -> None:
    client = Client("http://api", "very-secret")
    assert "secret" not in repr(client) + str(client)
    with pytest.raises(ValueError, match="no key has") as caught:
        Client("http://api", "secret\nX-Admin: 1")
    assert "secret" not in str(caught.value)


KINDS = [
    kind
    for kind in vars(answers).values()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type)
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(KINDS), st.data())
def test_any_json_is_decoded_or_refused_with_an_expected_error(
    kind: type[Any], data: st.DataObject
) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    value = data.draw(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON)))
    try:
        answer = decoder(kind)(value)
    except (ValueError, TypeError, LookupError):
        return
    assert isinstance(answer, kind)
