"""Dagster over GraphQL: runs that have started, as rows. docs/sources/dagster.md.

An automatic retry is a run of its own that names the first one: it is another attempt of that one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System
from usage_pipeline.sources.systems.pages import Page, Row, batches, by_cursor, within
from usage_pipeline.sources.systems.span import Span

_PAGE_ROWS: Final = 500
_ENDED: Final = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
# The tag that whoever launches a run may set, as Dagster+ does.
_USER_TAGS: Final = ("user", "dagster/user")
_SCHEDULED: Final = ("dagster/schedule_name", "dagster/backfill")
_CHAINED: Final = (
    "dagster/sensor_name",
    "dagster/auto_materialize",
    "dagster/from_automation_condition",
)
_QUERY: Final = """
query Executions($filter: RunsFilter!, $cursor: String, $limit: Int!) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) {
    __typename
    ... on Runs {
      results {
        runId jobName status creationTime startTime endTime updateTime rootRunId
        repositoryOrigin { repositoryLocationName }
        tags { key value }
      }
    }
    ... on Error { message }
  }
}
"""


def read_dagster(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The runs that start in a span.

    Raises:
        InputError: Dagster does not answer, or refuses.
    """
    with System(
        config, credentials, title="Dagster", token_header=("Dagster-Cloud-Api-Token", "")
    ) as system:
        # A run is created before it starts, and changed when it does.
        bounds = {
            "updatedAfter": span.start.timestamp(),
            "createdBefore": span.end.timestamp(),
        }

        def page(cursor: str | None) -> tuple[Page, str | None]:
            variables = {"filter": bounds, "cursor": cursor, "limit": _PAGE_ROWS}
            rows = _runs(system, {"query": _QUERY, "variables": variables})
            is_last = len(rows) < _PAGE_ROWS
            return rows, None if is_last else str(rows[-1].get("runId"))

        rows = (row for each in by_cursor(system, page) for row in each)
        started = (row for row in rows if _start(row) is not None)
        fields = {
            "id": lambda row: _root(row) or row.get("runId"),
            "user_id": lambda row: _first_tag(row, _USER_TAGS),
            "workflow_id": _job,
            "workflow_name": lambda row: row.get("jobName"),
            "start_time": _start,
            "end_time": lambda row: _time(row, "endTime") if row.get("status") in _ENDED else None,
            "status": lambda row: row.get("status"),
            "trigger_type": _trigger,
            "attempt": _attempt,
            "source_status": lambda row: row.get("status"),
            "updated_at": lambda row: _time(row, "updateTime"),
            "queued_at": lambda row: _time(row, "creationTime"),
        }
        yield from batches(within(span, started, _start), fields, config.mapped_columns)


def _runs(system: System, body: Any) -> list[dict[str, Any]]:
    answer = system.post("/graphql", body)
    data = answer.get("data")
    runs = data.get("runsOrError") if isinstance(data, dict) else None
    if not isinstance(runs, dict) or runs.get("__typename") != "Runs":
        refusals = [*(answer.rows("errors") or ()), runs if isinstance(runs, dict) else {}]
        raise system.error(f"does not list its runs: {refusals[0].get('message') or 'no reason'}")
    return [row for row in runs.get("results") or () if isinstance(row, dict)]


def _tags(row: Row) -> dict[str, str]:
    return {
        str(tag.get("key")): str(tag.get("value"))
        for tag in row.get("tags") or ()
        if isinstance(tag, dict)
    }


def _first_tag(row: Row, names: tuple[str, ...]) -> str | None:
    tags = _tags(row)
    return next((tags[name] for name in names if tags.get(name)), None)


def _root(row: Row) -> str | None:
    """The first run, of a run that retries one by itself. A re-execution by hand has no number."""
    number = _tags(row).get("dagster/retry_number", "")
    return row.get("rootRunId") if number.isdecimal() else None


def _attempt(row: Row) -> str:
    return str(int(_tags(row)["dagster/retry_number"]) + 1) if _root(row) else "1"


def _job(row: Row) -> str:
    origin = row.get("repositoryOrigin")
    location = origin.get("repositoryLocationName") if isinstance(origin, dict) else None
    location = location or _tags(row).get("dagster/code_location")
    return f"{location}/{row.get('jobName')}" if location else str(row.get("jobName"))


def _trigger(row: Row) -> str:
    tags = _tags(row)
    if any(name in tags for name in _SCHEDULED):
        return "scheduled"
    return "chained" if any(name in tags for name in _CHAINED) else "manual"


def _start(row: Row) -> str | None:
    """When it started; a run that ended before it did, when it was made."""
    start = _time(row, "startTime")
    return start or (_time(row, "creationTime") if row.get("status") in _ENDED else None)


def _time(row: Row, name: str) -> str | None:
    try:
        return datetime.fromtimestamp(float(row[name]), UTC).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
