"""Airflow over its REST API, version 2 (Airflow 3) or 1 (Airflow 2): DAG runs, as rows.

docs/sources/airflow.md. A run's id is unique within its DAG. A cleared run keeps its id and moves
its start; the API does not tell how often it was cleared, so that a run is one execution.
"""

from collections.abc import Generator, Iterator
from typing import Any, Final

import httpx

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System
from usage_pipeline.sources.systems.pages import Page, Row, batches, by_offset, within
from usage_pipeline.sources.systems.span import Span

# Airflow gives no more, whatever it is asked for.
_PAGE_ROWS: Final = 100
_ENDED: Final = frozenset({"success", "failed"})


def read_airflow(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The DAG runs that start in a span.

    Raises:
        InputError: Airflow does not answer, or refuses.
    """
    login = None
    if config.user is not None:
        url = httpx.URL(credentials.fill(config.url or "").rstrip("/") + "/auth/token")
        password = credentials.secret(config.password or "", "password")
        login = _Login(url, credentials.fill(config.user), password)
    with System(config, credentials, title="Airflow", auth=login) as system:
        version = 1 if system.ask("GET", "/api/v2/version", allowed=(404,)).body is None else 2
        names = _names(system) if version == 1 else {}

        def page(offset: int) -> Page:
            # Version 2 takes no bound "before" until 3.1, and passes over what it does not know.
            bounds = {
                "start_date_gte": span.start.isoformat(),
                "start_date_lte": span.end.isoformat(),
                "order_by": "id",
                "limit": _PAGE_ROWS,
                "offset": offset,
            }
            return system.get(f"/api/v{version}/dags/~/dagRuns", bounds).rows("dag_runs")

        rows = (row for each in by_offset(system, page, _key) for row in each)
        # A run without a start waits in a queue.
        started = (row for row in rows if row.get("start_date") is not None)
        fields = {
            "id": lambda row: row.get("dag_run_id"),
            "user_id": lambda row: row.get("triggering_user_name"),
            "workflow_id": _dag,
            "workflow_name": lambda row: row.get("dag_display_name") or names.get(_dag(row)),
            "start_time": _start,
            "end_time": lambda row: row.get("end_date") if row.get("state") in _ENDED else None,
            "status": lambda row: row.get("state"),
            "trigger_type": lambda row: row.get("triggered_by") or row.get("run_type"),
            "source_status": lambda row: row.get("state"),
            "queued_at": lambda row: row.get("queued_at"),
        }
        yield from batches(within(span, started, _start), fields, config.mapped_columns)


def _names(system: System) -> dict[str, str]:
    def page(offset: int) -> Page:
        bounds = {"limit": _PAGE_ROWS, "offset": offset, "order_by": "dag_id"}
        return system.get("/api/v1/dags", bounds).rows("dags")

    dags = by_offset(system, page, _dag)
    return {
        _dag(dag): str(dag.get("dag_display_name") or _dag(dag)) for each in dags for dag in each
    }


def _dag(row: Row) -> str:
    return str(row.get("dag_id"))


def _key(row: Row) -> tuple[str, Any]:
    return _dag(row), row.get("dag_run_id")


def _start(row: Row) -> Any:
    return row.get("start_date")


class _Login(httpx.Auth):
    """Signs in: to version 2 for a token, which it asks for again once that has expired."""

    requires_response_body = True

    def __init__(self, url: httpx.URL, user: str, password: str) -> None:
        self._url = url
        self._basic = httpx.BasicAuth(user, password)
        self._body = {"username": user, "password": password}
        self._token: str | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if "/api/v2/" not in request.url.path:
            yield from self._basic.auth_flow(request)
            return
        if self._token is not None:
            response = yield self._signed(request)
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
        answer = yield httpx.Request("POST", self._url, json=self._body)
        if answer.is_success:
            self._token = str(answer.json().get("access_token"))
        yield self._signed(request)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request
