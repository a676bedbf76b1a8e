"""Reads executions from CSV with the standard library alone.

The canonical columns only: no mapping file and no default user.
"""

import csv
import gzip
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

from usage_pipeline.identity import ROOT_NAMESPACE

from .model import Execution
from .reading import (
    STATUSES,
    TRIGGERS,
    Copy,
    Reading,
    RowError,
    day_of,
    error_class,
    execution_id,
    instant,
    mapped_id,
    reading,
)


def read_csv(path: Path, source: str = "files", zone: tzinfo = UTC) -> Reading:
    """Read a CSV file, gzipped or not.

    A blank is an unknown value. Without an id, a user, a workflow, a status or a start a row is
    rejected; a row without a trigger is not. An end up to a second before its start is the start;
    one further before it is no end.

    Args:
        path: the file.
        source: the name of the source.
        zone: the zone of execution dates.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    namespace = uuid5(ROOT_NAMESPACE, source)
    copies, rejected, read = [], [], 0
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        for read, row in enumerate(csv.DictReader(file), start=1):
            try:
                copies.append(_copy(row, source, namespace, zone))
            except RowError as reason:
                rejected.append((read, str(reason)))
    return reading(read, copies, rejected)


def _copy(row: dict[str, str], source: str, namespace: UUID, zone: tzinfo) -> Copy:
    start = instant(_needed(row, "start_time"))
    end = instant(row["end_time"]) if row.get("end_time") else None
    if end is not None and end < start:
        # Two clocks that differ a little: 0 ms. More is a wrong time, and no duration.
        end = start if start - end <= timedelta(seconds=1) else None
    status = _needed(row, "status")
    trigger = row.get("trigger") or row.get("trigger_type") or None
    if status not in STATUSES or trigger not in (*TRIGGERS, None):
        raise RowError(f"status {status!r} or trigger {trigger!r} is not known")
    attempt = int(row.get("attempt") or 1)
    identity, workflow, user = (_needed(row, name) for name in ("id", "workflow_id", "user_id"))
    workflow_id = mapped_id("workflow", workflow, namespace)
    execution = Execution(
        id=execution_id(workflow_id, identity, attempt, namespace),
        user_id=mapped_id("user", user, namespace),
        workflow_id=workflow_id,
        execution_date=day_of(start, zone),
        start_time=start,
        end_time=end,
        status=status,
        trigger_type=trigger,
        cost=Decimal(row["cost"]) if row.get("cost") else None,
        source=source,
        source_id=identity,
        attempt=attempt,
        updated_at=instant(row["updated_at"]) if row.get("updated_at") else None,
        queued_at=instant(row["queued_at"]) if row.get("queued_at") else None,
        input_size=int(row["input_size"]) if row.get("input_size") else None,
        output_size=int(row["output_size"]) if row.get("output_size") else None,
        error_class=error_class(status, row.get("error_message")),
    )
    return Copy(execution, (row.get("workflow_name") or "").strip() or None, workflow, user)


def _needed(row: dict[str, str], column: str) -> str:
    value = row.get(column)
    if not value:
        raise RowError(f"no {column}")
    return value
