"""Insights from mined habits: automate_sequence and schedule_it."""

from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.insights.records import (
    UserFrames,
    insights,
    named_rows,
    rows_of,
    texts,
    without,
)
from usage_pipeline.mining.insights.wording import Names, between_hours, counted, on_weekdays
from usage_pipeline.mining.sequences.parts import PART_WINDOW_DAYS
from usage_pipeline.mining.settings import InsightSettings
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE

_MONTH_DAYS = 30


def automate_sequence(subsequences: pa.Table, names: Names, settings: InsightSettings) -> pa.Table:
    """The sequences that each user runs again and again, no two with a workflow in common.

    Those that save most starts come first.
    """
    parts = _without_common_workflows(
        subsequences.filter(
            pc.and_(
                pc.greater_equal(subsequences["support"], settings.automate_min_support),
                pc.less_equal(subsequences["q_value"], FALSE_DISCOVERY_RATE),
            )
        )
    )
    return insights(
        "automate_sequence",
        "save_as_template",
        users=[row["user_id"] for row in parts],
        workflows=[row["workflow_ids"][0] for row in parts],
        messages=[
            f"You ran {' → '.join(names[workflow] for workflow in row['workflow_ids'])} "
            f"{counted(row['support'], 'time')} in the last {PART_WINDOW_DAYS} days. "
            "Save it as a template?"
            for row in parts
        ],
        evidence=[
            {
                "sequence_id": row["sequence_id"],
                "workflow_ids": row["workflow_ids"],
                "support": row["support"],
                "day_count": row["day_count"],
                "confidence": row["confidence"],
                "days": PART_WINDOW_DAYS,
            }
            for row in parts
        ],
        score=[_starts_saved(row) * _MONTH_DAYS / PART_WINDOW_DAYS for row in parts],
        magnitude=[row["support"] for row in parts],
        subjects=[row["sequence_id"] for row in parts],
    )


def schedule_it(frames: UserFrames, pattern_days: int, settings: InsightSettings) -> pa.Table:
    """The workflows that each user starts at a regular time, unless a machine does so already."""
    patterns, recent = frames.patterns, frames.recent
    regular = patterns[
        (patterns["pattern_type"] == "time_based")
        & (patterns["confidence"] >= settings.schedule_min_confidence)
        & (patterns["hits"] >= settings.schedule_min_hits)
    ]
    by_machines = recent[recent["execution_count"] > recent["people_execution_count"]]
    surest = (
        without(regular, by_machines)
        .sort_values(["confidence", "pattern_id"], ascending=[False, True])
        .drop_duplicates(["user", "workflow"])
    )
    hour, hours = (surest[name].astype("int64") for name in ("local_hour", "hour_count"))
    surest = surest.assign(local_hour=hour, hour_count=hours, weekdays=surest["weekdays"].map(list))
    rows = rows_of(surest)
    weekdays = [[int(day) for day in row.weekdays] for row in rows]
    return insights(
        "schedule_it",
        "create_schedule",
        users=texts(frames.user_ids, surest["user"]),
        workflows=texts(frames.workflow_ids, surest["workflow"]),
        messages=[
            f"You run {name} {on_weekdays(row.weekdays)} "
            f"{between_hours(row.local_hour, row.hour_count)} "
            f"({row.hits:,} of {counted(row.opportunities, 'day')}). Schedule it?"
            for name, row in named_rows(frames, surest)
        ],
        evidence=[
            {
                "pattern_id": row.pattern_id,
                "local_hour": row.local_hour,
                "hour_count": row.hour_count,
                "weekdays": of_row,
                "hits": row.hits,
                "opportunities": row.opportunities,
                "confidence": row.confidence,
            }
            for of_row, row in zip(weekdays, rows, strict=True)
        ],
        score=surest["confidence"] * surest["hits"] * _MONTH_DAYS / pattern_days,
        magnitude=surest["hits"],
        fingerprints=[
            f"{row.local_hour}-{row.hour_count}-{''.join(map(str, of_row))}"
            for of_row, row in zip(weekdays, rows, strict=True)
        ],
    )


def _without_common_workflows(parts: pa.Table) -> list[dict[str, Any]]:
    """Parts that save most first, each user's without a workflow of an earlier one.

    Each choice depends on those before it, so this is a loop and not a selection of columns.
    """
    columns = ["user_id", "sequence_id", "workflow_ids", "support", "day_count", "confidence"]
    rows = parts.select(columns).to_pylist()
    rows.sort(key=lambda row: (-_starts_saved(row), row["sequence_id"]))
    workflows_of: dict[str, set[str]] = defaultdict(set)
    selection = []
    for row in rows:
        if workflows_of[row["user_id"]].isdisjoint(row["workflow_ids"]):
            workflows_of[row["user_id"]].update(row["workflow_ids"])
            selection.append(row)
    return selection


def _starts_saved(part: dict[str, Any]) -> int:
    return int(part["support"] * (len(part["workflow_ids"]) - 1))
