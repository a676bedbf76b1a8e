"""The client against the real API: what is tracked arrives, and answers are what it expects."""

import ast
import dataclasses
import inspect
import os
import re
import shutil
import subprocess
import types
import typing
from collections.abc import Iterator
from types import NoneType
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import CHECKOUT
from tests.integration.serving import serving
from tests.loops import run
from usage_pipeline.api.app import create_app
from usage_pipeline.api.routes.topics import PREFIX
from usage_pipeline.client import ApiError, AsyncClient, Client, Report
from usage_pipeline.client.reading import Reading
from usage_pipeline.client.requests import Request
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import create_key


@pytest.fixture
def api(settings: Settings, warehouse: Warehouse) -> Iterator[str]:
    """The address of a running API that asks for keys."""
    with serving(settings, warehouse) as address:
        yield address


@pytest.fixture
def key(warehouse: Warehouse) -> str:
    with warehouse.connect() as connection:
        return create_key(connection, "tracked", ["track"])


def tracked(warehouse: Warehouse) -> list[dict[str, Any]]:
    with psycopg.connect(warehouse.url, row_factory=dict_row) as connection:
        return connection.execute(
            "select * from raw.tracked_executions order by received_at, start_time, status"
        ).fetchall()


def test_tracked_executions_arrive_with_their_ends(
    api: str, key: str, warehouse: Warehouse
) -> None:
    with Client(api, key, send_interval=0.05) as client:

        @client.track("report", user_id=lambda owner: owner, workflow_name="Send report")
        def report(owner: str) -> str:
            if owner == "bo":
                raise RuntimeError("no \0 printer \ud800")
            return owner

        assert report("ana") == "ana"
        with pytest.raises(RuntimeError):
            report("bo")
        with client.track("export", user_id="ana", trigger="manual") as execution:
            assert client.flush()
            execution.input_size, execution.output_size, execution.cost = 1, 2, 0.25
        assert client.flush()
        assert client.stats.rejected == 0, client.stats
    rows = tracked(warehouse)
    last = {row["source_id"]: row for row in rows if row["status"] != "started"}
    assert len(last) == 3
    assert {row["source_id"] for row in rows} == set(last)
    completed, failed, exported = last.values()
    assert (completed["status"], completed["source_user_id"]) == ("completed", "ana")
    assert (completed["workflow_name"], completed["trigger_type"]) == ("Send report", "api")
    assert completed["end_time"] >= completed["start_time"]
    assert completed["is_start_given"]
    assert (failed["status"], failed["error_message"][:17]) == ("failed", "RuntimeError: no ")
    assert (exported["input_size"], exported["output_size"]) == (1, 2)
    assert (float(exported["cost"]), exported["trigger_type"]) == (0.25, "manual")


def test_a_thousand_at_once_and_the_same_again_are_a_thousand(
    api: str, key: str, warehouse: Warehouse
) -> None:
    reports = [Report("ana", "bulk", "completed", execution_id=str(uuid4())) for _ in range(1000)]

    async def main() -> None:
        async with AsyncClient(api, key) as client:
            for _ in range(2):
                for report in reports:
                    client.report(dataclasses.replace(report))
                assert await client.flush()
            assert client.stats.accepted == 2000
            answer = await client.send([reports[0], Report("ana", "bulk", "odd")])  # type: ignore[arg-type]
            assert (answer.accepted, answer.rejected) == (1, 1)
            assert answer.items[1].reason is not None
            assert "status" in answer.items[1].reason

    run(main())
    assert len(tracked(warehouse)) == 1000


def test_a_wrong_key_loses_reports_and_says_so_but_breaks_nothing(api: str) -> None:
    with Client(api, "wu_wrong", user_id="ana", send_interval=0) as client:
        assert client.track("report")(lambda: 1)() == 1
        assert client.flush()
        assert client.stats.accepted == 0
        assert client.stats.rejected > 0
        assert "401 Unauthorized" in (client.stats.last_error or "")
        with pytest.raises(ApiError) as caught:
            client.me()
    assert caught.value.status == 401
    assert "Say who you are" in caught.value.detail


def test_a_key_for_tracking_only_cannot_read(api: str, key: str) -> None:
    with Client(api, key) as client, pytest.raises(ApiError) as caught:
        list(client.popular())
    assert caught.value.status == 403


class Recorder(Reading):
    """A client that sends nothing and keeps what it would send."""

    def __init__(self) -> None:
        self.requests: list[Request[Any]] = []

    def _one(self, request: Request[Any]) -> Any:
        self.requests.append(request)

    _many = _one

    def _response(self, request: Request[Any]) -> httpx.Response:
        raise AssertionError(f"{request} is sent")


def one_request_of_every_method() -> list[Request[Any]]:
    recorder = Recorder()
    arguments: dict[str, tuple[Any, ...]] = {
        "send": ([],),
        "order_favourites": ("u", []),
        "save_template": ("u", "s", "name"),
    }
    methods = {name for name in vars(Reading) if not name.startswith("_")}
    for name in sorted(methods):
        method = getattr(recorder, name)
        needed = [
            each
            for each in inspect.signature(method).parameters.values()
            if each.kind is each.POSITIONAL_OR_KEYWORD
        ]
        method(*arguments.get(name, "i" * len(needed)))
    assert len(recorder.requests) == len(methods) == 30
    return recorder.requests


def operation(description: dict[str, Any], request: Request[Any]) -> dict[str, Any]:
    """The most specific operation that the path of a request means."""
    fitting = [
        path
        for path in description["paths"]
        if re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", path), PREFIX + request.path)
        and request.method.lower() in description["paths"][path]
    ]
    assert fitting, f"{request.method} {request.path} is no operation of the API"
    best = min(fitting, key=lambda path: path.count("{"))
    found: dict[str, Any] = description["paths"][best][request.method.lower()]
    return found


def fits(kind: Any, schema: dict[str, Any], schemas: dict[str, Any], place: str) -> list[str]:
    """What does not fit between a type of the client and a schema of the API."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if typing.get_origin(kind) is types.UnionType:
        (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
        options = schema.get("anyOf", [schema])
        schema = next(each for each in options if each.get("type") != "null")
        return fits(kind, schema, schemas, place)
    if any(each.get("type") == "null" for each in schema.get("anyOf", [])):
        return [f"{place} may be null"]
    if typing.get_origin(kind) is tuple:
        return fits(typing.get_args(kind)[0], schema["items"], schemas, place + "[]")
    if not dataclasses.is_dataclass(kind):
        return []
    problems = []
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        is_optional = type(None) in typing.get_args(hints[field.name])
        given = schema["properties"].get(field.name)
        if given is not None:
            problems += fits(hints[field.name], given, schemas, f"{place}.{field.name}")
        elif not is_optional:
            problems.append(f"{place}.{field.name} is not in the answer")
    missing = schema["properties"].keys() - {field.name for field in dataclasses.fields(kind)}
    return problems + [f"{place}.{name} is not read" for name in sorted(missing)]


def test_every_answer_has_what_the_client_reads_and_the_client_reads_all_of_it() -> None:
    description = create_app(
        Settings(_env_file=None), Warehouse("postgresql://nobody@127.0.0.1:9/none"), is_demo=True
    ).openapi()
    schemas = description["components"]["schemas"]
    problems: list[str] = []
    for request in one_request_of_every_method():
        if request.kind is NoneType:
            operation(description, request)
            continue
        responses = operation(description, request)["responses"]
        success = next(responses[status] for status in ("200", "201", "202") if status in responses)
        schema = success["content"]["application/json"]["schema"]
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
        if "next_cursor" in schema["properties"]:
            schema = schema["properties"]["items"]["items"]
        problems += fits(request.kind, schema, schemas, request.path)
    assert problems == []


def test_the_client_knows_every_operation_of_the_api() -> None:
    description = create_app(
        Settings(_env_file=None), Warehouse("postgresql://nobody@127.0.0.1:9/none"), is_demo=True
    ).openapi()
    known = {
        operation(description, request)["operationId"] for request in one_request_of_every_method()
    }
    offered = {
        one["operationId"]
        for path, methods in description["paths"].items()
        for one in methods.values()
        if path.startswith(PREFIX)
    }
    assert offered - known == set()


def test_the_line_of_the_documentation_works_as_it_is(
    api: str, key: str, warehouse: Warehouse
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on the PATH")
    page = (CHECKOUT / "docs" / "client.md").read_text()
    line = page.split("```sh\ncurl", 1)[1].split("```", 1)[0]
    environment = {**os.environ, "USAGE_API_URL": api, "USAGE_API_KEY": key}
    result = subprocess.run(
        ["sh", "-c", f"curl{line}"], env=environment, capture_output=True, text=True, check=True
    )
    assert '"accepted":1' in result.stdout
    assert [row["workflow_name"] for row in tracked(warehouse)] == ["Send weekly report"]


def test_the_examples_of_the_documentation_are_python() -> None:
    page = (CHECKOUT / "docs" / "client.md").read_text()
    examples = [part.split("```", 1)[0] for part in page.split("```python\n")[1:]]
    assert len(examples) >= 5
    for example in examples:
        compile(example, "docs/client.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
