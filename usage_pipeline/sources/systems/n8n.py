"""n8n over its public API: executions, as rows. docs/sources/n8n.md.

The API knows no user: a declaration names one for all, as `default_user`. A retry is an execution
of its own that names the original.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System
from usage_pipeline.sources.systems.pages import Page, Row, batches, by_cursor, instant, within
from usage_pipeline.sources.systems.span import Span

_PAGE_ROWS: Final = 250
_ENDED: Final = frozenset({"success", "error", "crashed", "canceled"})
_TRIGGERS: Final[Mapping[str, str]] = {
    "manual": "manual",
    "cli": "manual",
    "chat": "manual",
    "evaluation": "manual",
    "retry": "manual",
    "webhook": "api",
    "integrated": "chained",
    "error": "chained",
    "agent": "chained",
    "internal": "chained",
}
_SCHEDULES: Final = frozenset({"n8n-nodes-base.scheduleTrigger", "n8n-nodes-base.cron"})


def read_n8n(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The executions that start in a span, those that still run among them.

    Raises:
        InputError: n8n does not answer, or refuses.
    """
    with System(config, credentials, title="n8n", token_header=("X-N8N-API-KEY", "")) as system:
        workflows = {
            str(row.get("id")): row
            for each in by_cursor(system, lambda cursor: _page(system, "workflows", cursor))
            for row in each
        }
        rows = (
            row
            # Without a status n8n leaves out what runs.
            for status in ({}, {"status": "running"})
            for row in _executions(system, span, status)
        )
        fields = {
            "id": lambda row: row.get("retryOf") or row.get("id"),
            "workflow_id": lambda row: row.get("workflowId"),
            "workflow_name": lambda row: _workflow(row, workflows).get("name"),
            "start_time": _start,
            # One that waits has a stop that is not its end.
            "end_time": lambda row: row.get("stoppedAt") if row.get("status") in _ENDED else None,
            "status": lambda row: row.get("status"),
            "trigger_type": lambda row: _trigger(row, workflows),
            "attempt": _attempt,
            "source_status": lambda row: row.get("status"),
        }
        yield from batches(within(span, rows, _start), fields, config.mapped_columns)


def _executions(system: System, span: Span, status: Mapping[str, str]) -> Iterator[Row]:
    """The executions from the newest to the first that starts before the span."""
    bounds = {
        "startedAfter": span.start.isoformat(),
        "startedBefore": span.end.isoformat(),
        **status,
    }
    for rows in by_cursor(system, lambda cursor: _page(system, "executions", cursor, bounds)):
        yield from rows
        # Older servers pass over the bounds.
        starts = [start for row in rows if (start := instant(_start(row))) is not None]
        if starts and max(starts) < span.start:
            return


def _page(
    system: System, what: str, cursor: str | None, bounds: Mapping[str, str] | None = None
) -> tuple[Page, str | None]:
    parameters = {"limit": _PAGE_ROWS, **(bounds or {}), **({"cursor": cursor} if cursor else {})}
    answer = system.get(f"/api/v1/{what}", parameters)
    following = answer.get("nextCursor")
    return answer.rows("data"), str(following) if following else None


def _workflow(row: Row, workflows: Mapping[str, Row]) -> Row:
    return workflows.get(str(row.get("workflowId")), {})


def _trigger(row: Row, workflows: Mapping[str, Row]) -> str:
    mode = str(row.get("mode"))
    if mode != "trigger":
        return _TRIGGERS.get(mode, mode)
    nodes = _workflow(row, workflows).get("nodes") or ()
    kinds = {node.get("type") for node in nodes if isinstance(node, dict)}
    return "scheduled" if kinds & _SCHEDULES else "api"


def _attempt(row: Row) -> str:
    """1, and for a retry a number that grows with each and is the same in every answer.

    How many came before cannot be told: n8n may have forgotten them.
    """
    try:
        return str(max(int(row["id"]) - int(row["retryOf"]), 0) + 1)
    except (KeyError, TypeError, ValueError):
        return "1"


def _start(row: Row) -> Any:
    return row.get("startedAt")
