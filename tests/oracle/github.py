"""Reads GitHub's "list workflow runs" answer with the standard library alone.

One attempt of a run is one execution. The answer has no end of a run: its last update stands for
it once the run is completed.
"""

import gzip
import json
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from usage_pipeline.identity import ROOT_NAMESPACE

from .model import Execution
from .reading import (
    Copy,
    Reading,
    RowError,
    day_of,
    execution_id,
    instant,
    mapped_id,
    reading,
)

STATUS_OF_CONCLUSION = {
    "success": "completed",
    "failure": "failed",
    "timed_out": "failed",
    "startup_failure": "failed",
    "cancelled": "cancelled",
}
TRIGGER_OF_EVENT = {"schedule": "scheduled", "workflow_dispatch": "manual", "push": "api"}


def read_github(path: Path, source: str = "github", zone: tzinfo = UTC) -> Reading:
    """Read one answer, gzipped or not. Only what the stored sample holds is understood.

    Args:
        path: the file.
        source: the name of the source.
        zone: the zone of execution dates.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        runs = json.load(file)["workflow_runs"]
    namespace = uuid5(ROOT_NAMESPACE, source)
    copies, rejected = [], []
    for number, run in enumerate(runs, start=1):
        try:
            copies.append(_copy(run, source, namespace, zone))
        except RowError as reason:
            rejected.append((number, str(reason)))
    return reading(len(runs), copies, rejected)


def _trigger(run: dict[str, Any]) -> str:
    trigger = TRIGGER_OF_EVENT[run["event"]]
    is_bot = run["actor"]["login"].endswith("[bot]")
    return "chained" if is_bot and trigger != "scheduled" else trigger


def _copy(run: dict[str, Any], source: str, namespace: UUID, zone: tzinfo) -> Copy:
    if not run.get("actor"):
        raise RowError("no actor")
    start, updated = instant(run["run_started_at"]), instant(run["updated_at"])
    done = run["status"] == "completed"
    # What updates a run so late is not its end: GitHub ends every job within five days.
    is_end = done and timedelta(0) <= updated - start <= timedelta(days=5)
    identity, workflow = str(run["id"]), str(run["workflow_id"])
    workflow_id = mapped_id("workflow", workflow, namespace)
    execution = Execution(
        id=execution_id(workflow_id, identity, run["run_attempt"], namespace),
        user_id=mapped_id("user", run["actor"]["login"], namespace),
        workflow_id=workflow_id,
        execution_date=day_of(start, zone),
        start_time=start,
        end_time=updated if is_end else None,
        status=STATUS_OF_CONCLUSION[run["conclusion"]] if done else "started",
        trigger_type=_trigger(run),
        source=source,
        source_id=identity,
        attempt=run["run_attempt"],
        updated_at=updated,
    )
    return Copy(execution, run["name"], workflow, run["actor"]["login"])
