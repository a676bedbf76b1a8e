"""Prefect over its REST API: flow runs that have started, as rows. docs/sources/prefect.md.

A retry keeps the id and the start of its flow run, so that a flow run is one execution.
"""

from collections.abc import Iterator
from typing import Any, Final

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System
from usage_pipeline.sources.systems.pages import Page, Row, batches, by_offset, within
from usage_pipeline.sources.systems.span import Span

# Prefect refuses more.
_PAGE_ROWS: Final = 200
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_FAILED: Final = frozenset({"FAILED", "CRASHED"})


def read_prefect(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The flow runs that start in a span, with the names of their flows.

    Raises:
        InputError: Prefect does not answer, or refuses.
    """
    with System(config, credentials, title="Prefect") as system:
        names: dict[str, str] = {}

        def page(offset: int) -> Page:
            body = {
                "sort": "EXPECTED_START_TIME_ASC",
                "limit": _PAGE_ROWS,
                "offset": offset,
                "flow_runs": {
                    "start_time": {
                        "after_": span.start.isoformat(),
                        "before_": span.end.isoformat(),
                        # Without it Prefect lists what is only planned, too.
                        "is_null_": False,
                    }
                },
            }
            rows = system.post("/flow_runs/filter", body).rows()
            _read_names(system, rows, names)
            return rows

        rows = (row for each in by_offset(system, page, lambda row: row.get("id")) for row in each)
        fields = {
            "id": lambda row: row.get("id"),
            "user_id": _user,
            "workflow_id": lambda row: row.get("flow_id"),
            "workflow_name": lambda row: names.get(str(row.get("flow_id"))),
            "start_time": lambda row: row.get("start_time"),
            "end_time": lambda row: row.get("end_time") if _state(row) in _ENDED else None,
            "status": _state,
            "trigger_type": _trigger,
            "error_message": _error,
            "source_status": lambda row: row.get("state_name"),
            "updated_at": lambda row: row.get("updated"),
            "queued_at": lambda row: row.get("expected_start_time"),
        }
        started = within(span, rows, lambda row: row.get("start_time"))
        yield from batches(started, fields, config.mapped_columns)


def _read_names(system: System, rows: Page, names: dict[str, str]) -> None:
    unnamed = sorted({str(row.get("flow_id")) for row in rows} - set(names))
    if unnamed:
        body = {"flows": {"id": {"any_": unnamed}}, "limit": _PAGE_ROWS}
        answer = system.post("/flows/filter", body)
        names |= {str(flow.get("id")): str(flow.get("name")) for flow in answer.rows()}


def _state(row: Row) -> Any:
    return row.get("state_type")


def _creator(row: Row) -> Row:
    creator = row.get("created_by")
    return creator if isinstance(creator, dict) else {}


def _user(row: Row) -> Any:
    """Who ran it: known to Prefect Cloud alone."""
    creator = _creator(row)
    return creator.get("display_value") if creator.get("type") == "USER" else None


def _trigger(row: Row) -> str:
    kind = _creator(row).get("type")
    if kind == "SCHEDULE" or row.get("auto_scheduled"):
        return "scheduled"
    if kind == "AUTOMATION" or row.get("parent_task_run_id"):
        return "chained"
    return "manual"


def _error(row: Row) -> Any:
    state = row.get("state")
    return state.get("message") if isinstance(state, dict) and _state(row) in _FAILED else None
