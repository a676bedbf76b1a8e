"""Insights from mined habits: automate_sequence and schedule_it."""

from collections import defaultdict
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import integers
from usage_pipeline.mining.insights.records import Insight
from usage_pipeline.mining.insights.settings import InsightSettings
from usage_pipeline.mining.insights.wording import Names, between_hours, counted, on_weekdays
from usage_pipeline.mining.sequences.subsequences import PART_WINDOW_DAYS
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE

_MONTH_DAYS = 30


def automate_sequence(
    subsequences: pa.Table, names: Names, settings: InsightSettings
) -> Iterator[Insight]:
    """The sequences that each user runs again and again, no two with a workflow in common.

    Those that save most starts come first.
    """
    chosen = subsequences.filter(
        pc.and_(
            pc.greater_equal(subsequences["support"], settings.automate_min_support),
            pc.less_equal(subsequences["q_value"], FALSE_DISCOVERY_RATE),
        )
    )
    columns = ("user_id", "sequence_id", "workflow_ids", "support", "day_count", "confidence")
    rows = chosen.select(list(columns)).to_pylist()
    rows.sort(
        key=lambda row: (-row["support"] * (len(row["workflow_ids"]) - 1), row["sequence_id"])
    )
    taken: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        workflows = row["workflow_ids"]
        if taken[row["user_id"]].intersection(workflows):
            continue
        taken[row["user_id"]].update(workflows)
        saved = row["support"] * (len(workflows) - 1) * _MONTH_DAYS / PART_WINDOW_DAYS
        yield Insight(
            user_id=row["user_id"],
            insight_type="automate_sequence",
            workflow_id=workflows[0],
            message=f"You ran {' → '.join(names[workflow] for workflow in workflows)} "
            f"{counted(row['support'], 'time')} in the last {PART_WINDOW_DAYS} days. "
            "Save it as a template?",
            action="save_as_template",
            evidence={
                "sequence_id": row["sequence_id"],
                "workflow_ids": workflows,
                "support": row["support"],
                "day_count": row["day_count"],
                "confidence": row["confidence"],
                "days": PART_WINDOW_DAYS,
            },
            score=saved,
            magnitude=row["support"],
            subject=row["sequence_id"],
        )


def schedule_it(
    patterns: pa.Table,
    pattern_days: int,
    user_recent: pa.Table,
    names: Names,
    settings: InsightSettings,
) -> Iterator[Insight]:
    """What each user runs at a regular time and no machine runs for them yet."""
    chosen = patterns.filter(
        pc.and_(
            pc.equal(patterns["pattern_type"], "time_based"),
            pc.and_(
                pc.greater_equal(patterns["confidence"], settings.schedule_min_confidence),
                pc.greater_equal(patterns["hits"], settings.schedule_min_hits),
            ),
        )
    )
    scheduled = _run_by_machines(user_recent)
    said: set[tuple[str, str]] = set()
    rows = chosen.to_pylist()
    rows.sort(key=lambda row: (-row["confidence"], row["pattern_id"]))
    for row in rows:
        pair = row["user_id"], row["workflow_id"]
        if pair in scheduled or pair in said:
            continue
        said.add(pair)
        when = (
            f"{on_weekdays(row['weekdays'])} {between_hours(row['local_hour'], row['hour_count'])}"
        )
        days = "".join(str(day) for day in row["weekdays"])
        yield Insight(
            user_id=row["user_id"],
            insight_type="schedule_it",
            workflow_id=row["workflow_id"],
            message=f"You run {names[row['workflow_id']]} {when} "
            f"({row['hits']:,} of {counted(row['opportunities'], 'day')}). Schedule it?",
            action="create_schedule",
            evidence={
                "pattern_id": row["pattern_id"],
                "local_hour": row["local_hour"],
                "hour_count": row["hour_count"],
                "weekdays": row["weekdays"],
                "hits": row["hits"],
                "opportunities": row["opportunities"],
                "confidence": row["confidence"],
            },
            score=row["confidence"] * row["hits"] * _MONTH_DAYS / pattern_days,
            magnitude=row["hits"],
            fingerprint=f"{row['local_hour']}-{row['hour_count']}-{days}",
        )


def _run_by_machines(user_recent: pa.Table) -> set[tuple[str, str]]:
    machines = integers(user_recent, "execution_count") > integers(
        user_recent, "people_execution_count"
    )
    run = user_recent.filter(pa.array(machines))
    users = run["user_id"].cast(pa.string()).to_pylist()
    return set(zip(users, run["workflow_id"].cast(pa.string()).to_pylist(), strict=True))
