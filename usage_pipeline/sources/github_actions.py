"""GitHub Actions: the runs of the REST answer "list workflow runs", as rows.

One object with `workflow_runs`, a list of such pages, one page or one run a line, or a bare list
of runs. The answer lacks the end of a run: once a run has ended, its last update stands for it.

The user is the run's `actor`, whose change or schedule it runs for, and not the
`triggering_actor`, who pressed re-run: a re-run must not move a workflow's use to whoever restarts
it. Only a run without an actor falls back to the other. A bot is not a person, so its runs have a
machine's trigger.

Each attempt is an execution of its own; the list has only the latest one of each run, so earlier
attempts come from earlier exports.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.errors import InputError
from usage_pipeline.sources.conform.fields import trimmed
from usage_pipeline.sources.formats import json_columns
from usage_pipeline.sources.formats.json_rows import JsonStream
from usage_pipeline.sources.formats.rows import Malformed, RawRows
from usage_pipeline.sources.reading.streams import InputStream

_BATCH_RUNS = 8_192
_RUNS = "workflow_runs"
_FIELDS = (
    "id", "name", "workflow_id", "event", "status", "conclusion", "run_attempt",
    "run_started_at", "created_at", "updated_at",
)  # fmt: skip
# GitHub gives the logins of its apps this ending, which no person's can have.
_BOT = "[bot]"
_ACTORS = ("actor", "triggering_actor")


def read_github_runs(stream: InputStream) -> Iterator[RawRows]:
    """Read an export. Rows are numbered from 1 in the order of the file.

    Raises:
        InputError: it is not JSON, or lacks a list of runs.
    """
    runs: list[Any] = []
    before = 0
    yield _rows([], before)
    for run in _runs(JsonStream(stream), stream.name):
        runs.append(run)
        if len(runs) == _BATCH_RUNS:
            yield _rows(runs, before)
            before += len(runs)
            runs = []
    yield _rows(runs, before)


def _runs(text: JsonStream, name: str) -> Iterator[Any]:
    if not text.peek():
        raise InputError(f"{name} is empty.")
    while first := text.peek():
        if first == "[":
            for _ in text.elements():
                yield from _page_or_run(text, name)
        else:
            yield from _page_or_run(text, name)


def _page_or_run(text: JsonStream, name: str) -> Iterator[Any]:
    """The runs of the page that starts here, or the run itself."""
    if text.peek() == "[":
        for _ in text.elements():
            yield text.value()
        return
    if text.peek() != "{":
        yield text.value()
        return
    run: dict[str, Any] = {}
    is_page = False
    for key in text.members():
        if key == _RUNS and text.peek() == "[":
            is_page = True
            for _ in text.elements():
                yield text.value()
        else:
            run[key] = text.value()
    if is_page:
        return
    if "id" not in run and "workflow_id" not in run:
        raise InputError(
            f"{name} holds no {_RUNS}, only {', '.join(list(run)[:6]) or 'an empty object'}: "
            "export GitHub's 'list workflow runs' answer."
        )
    yield run


def run_rows(runs: Sequence[Any], before: int) -> RawRows:
    """Runs of the API under the canonical names, numbered from `before` + 1."""
    rows = _rows(runs, before)
    return replace(rows, columns=canonical_columns(dict(rows.columns)))


def _rows(elements: Sequence[Any], before: int) -> RawRows:
    malformed = Malformed()
    runs, numbers = list[dict[str, Any]](), list[int]()
    for number, run in enumerate(elements, start=before + 1):
        if isinstance(run, dict):
            runs.append(run)
            numbers.append(number)
        else:
            malformed.add(number, "it is not a JSON object", json.dumps(run))
    columns = {name: json_columns.text_column([run.get(name) for run in runs]) for name in _FIELDS}
    for name in _ACTORS:
        columns[name] = json_columns.text_column([_login(run.get(name)) for run in runs])
    return RawRows(np.array(numbers, np.int64), columns, malformed, marked=True)


def canonical_columns(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """The fields of runs under the canonical names; statuses and events are mapped later."""
    state = pc.coalesce(trimmed(columns["conclusion"]), columns["status"])
    user = pc.coalesce(trimmed(columns["actor"]), columns["triggering_actor"])
    return {
        "id": columns["id"],
        "user_id": user,
        "workflow_id": columns["workflow_id"],
        "workflow_name": columns["name"],
        "start_time": pc.coalesce(trimmed(columns["run_started_at"]), columns["created_at"]),
        "end_time": columns["updated_at"],
        "status": state,
        "trigger_type": _event(columns["event"], user),
        "attempt": columns["run_attempt"],
        "source_status": state,
        "updated_at": columns["updated_at"],
    }


def _event(events: pa.Array, user: pa.Array) -> pa.Array:
    """The events; those that a bot caused are like those of another workflow."""
    by_bot = pc.and_(pc.ends_with(user, _BOT), pc.not_equal(events, "schedule"))
    return pc.if_else(pc.fill_null(by_bot, False), "workflow_run", events)


def _login(actor: Any) -> Any:
    return actor.get("login") if isinstance(actor, dict) else actor
