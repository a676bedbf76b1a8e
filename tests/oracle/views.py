"""The views that show a mart in another way: of the newest as-of date, or with days of 0."""

from typing import Any

from .daily import organisation_daily_usage, workflow_daily_usage
from .model import World
from .popular import popular_workflows
from .reliability import workflow_success_rates

Rows = list[dict[str, Any]]
_NOTHING_TO_DIVIDE = {
    "success_rate": None, "reliability": "grey", "avg_duration_ms": None, "total_cost": None,
}  # fmt: skip
_COUNTS = {
    "total_executions", "success_count", "failure_count", "cancelled_count", "open_count",
    "people_execution_count", "duration_count", "total_duration_ms",
}  # fmt: skip


def popular_workflows_current(world: World) -> Rows:
    """Popular workflows as of the as-of day alone."""
    return [row for row in popular_workflows(world) if row["as_of_date"] == world.as_of_day]


def workflow_success_rates_current(world: World) -> Rows:
    """Rates as of the as-of day alone."""
    return [row for row in workflow_success_rates(world) if row["as_of_date"] == world.as_of_day]


def organisation_daily_usage_filled(world: World) -> Rows:
    """Every day from the first loaded one to the as-of day."""
    return _filled(world, organisation_daily_usage(world), _COUNTS | {"sample_size"}, {})


def workflow_daily_usage_filled(world: World) -> Rows:
    """Every day of a workflow from its first use to the as-of day."""
    counts = _COUNTS | {"unique_users"}
    by_workflow: dict[Any, Rows] = {}
    for row in workflow_daily_usage(world):
        by_workflow.setdefault(row["workflow_id"], []).append(row)
    return [
        day
        for workflow_id, rows in by_workflow.items()
        for day in _filled(
            world,
            rows,
            counts,
            {"workflow_id": workflow_id, "workflow_name": world.name(workflow_id)},
        )
        if day["execution_date"] >= min(row["execution_date"] for row in rows)
    ]


def _filled(world: World, rows: Rows, counts: set[str], key: dict[str, Any]) -> Rows:
    used = {row["execution_date"]: row for row in rows}
    filled = []
    for day in world.as_of_dates:
        is_loaded = day in set(world.ledger_days)
        empty = dict.fromkeys(counts, 0 if is_loaded else None)
        row = used.get(day, {**key, "execution_date": day, **empty, **_NOTHING_TO_DIVIDE})
        filled.append({**row, "is_loaded": is_loaded})
    return filled
