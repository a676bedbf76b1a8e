"""Slow and obvious recounts of generated executions, straight from the definitions."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True)
class Session:
    """What a user ran without a pause of more than 300 s, direct repeats being one step."""

    user_id: str
    steps: tuple[str, ...]
    statuses: tuple[str, ...]
    closing_day: date


def local_date(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def by_people(row: Row) -> bool:
    return row["trigger"] in ("manual", "api", None)


def sessions(table: pa.Table, zone: str) -> list[Session]:
    by_user: dict[str, list[Row]] = defaultdict(list)
    for row in table.to_pylist():
        if by_people(row) and row["attempt"] == 1:
            by_user[row["user_id"]].append(row)
    found = []
    for user_id, rows in by_user.items():
        rows.sort(key=lambda row: (row["start_time"], row["id"]))
        session: list[Row] = []
        for row in [*rows, None]:
            ends = row is None or (
                session and (row["start_time"] - session[-1]["start_time"]).total_seconds() > 300.0
            )
            if ends:
                found.append(_session(user_id, session, zone))
                session = []
            if row is not None:
                session.append(row)
    return found


def _session(user_id: str, rows: list[Row], zone: str) -> Session:
    steps = [
        row
        for number, row in enumerate(rows)
        if number == 0 or row["workflow_id"] != rows[number - 1]["workflow_id"]
    ]
    closes = rows[-1]["start_time"] + timedelta(seconds=300)
    return Session(
        user_id,
        tuple(row["workflow_id"] for row in steps),
        tuple(row["status"] for row in steps),
        local_date(closes, zone),
    )


def contains(steps: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(steps[at : at + len(part)] == part for at in range(len(steps)))


def people_hours(table: pa.Table, zone: str) -> Counter[tuple[str, str, date, int]]:
    """Executions by people by (user, workflow, local date, local hour)."""
    counts: Counter[tuple[str, str, date, int]] = Counter()
    for row in table.to_pylist():
        if by_people(row):
            local = row["start_time"].astimezone(ZoneInfo(zone))
            counts[row["user_id"], row["workflow_id"], local.date(), local.hour] += 1
    return counts
