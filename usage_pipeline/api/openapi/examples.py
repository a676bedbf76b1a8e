"""Examples for the description of the API: one value for each field, which fit together.

They all speak of one workflow of one user. A field that means the same in several objects has one
example; `_OBJECTS` has those of objects in which it means something else.
"""

from typing import Any, Final

_USER: Final = "9c5b94b1-35ad-49bb-b118-8e8fc24abf80"
_WORKFLOW: Final = "5d1c1e9e-0d4e-4b5e-8a53-6a5e0a3b9c11"
_NEXT: Final = "b3c7a9f0-6f0e-5d7a-9b8e-0c6d1f2e3a44"

_FIELDS: Final[dict[str, Any]] = {
    "accepted": 2,
    "action": "Look at its last failures",
    "active_users": 12,
    "added_at": "2026-06-01T09:30:00Z",
    "as_of": "2026-06-28",
    "avg_duration_ms": 1250.5,
    "avg_tries_before_abandon": 3.5,
    "cancelled_count": 4,
    "category": "Daily",
    "confidence": 0.82,
    "created_at": "2026-06-01T09:30:00Z",
    "current_streak_days": 5,
    "custom_name": "Monday's report",
    "day_count": 9,
    "description": "After Send weekly report comes Archive report.",
    "dormant_users": 2,
    "duration_ms": 1250,
    "evidence": {"failure_count": 3, "finished_count": 200},
    "execution_change": 25,
    "execution_count": 205,
    "execution_date": "2026-06-28",
    "execution_id": "run-4711",
    "execution_trend_fraction": 0.25,
    "executions_last_28_days": 100,
    "executions_previous_28_days": 80,
    "failure_count": 3,
    "failure_rate_fraction": 0.015,
    "failure_rate_percent": 1.5,
    "finished_count": 200,
    "first_used_date": "2026-05-04",
    "frequency": "daily",
    "hits": 9,
    "hour": 9,
    "hour_count": 1,
    "index": 0,
    "insight_id": "0f8fad5b-d9cb-569f-a165-70867728950e",
    "insight_type": "most_used",
    "is_demo": False,
    "is_saved": False,
    "last_executed": "2026-06-28T09:00:00Z",
    "last_used": "2026-06-28T09:00:00Z",
    "last_used_at": "2026-06-28T09:00:00Z",
    "last_used_date": "2026-06-28",
    "lift": 3.2,
    "local_hour": 9,
    "longest_streak_days": 12,
    "machine_execution_count": 5,
    "median_tries_before_abandon": 3.0,
    "message": "You ran Send weekly report 205 times in the last 30 days.",
    "name": "Monday morning",
    "new_users": 3,
    "next_cursor": "WzUwXQ",
    "next_workflow_id": _NEXT,
    "next_workflow_name": "Archive report",
    "open_count": 1,
    "opened_date": "2026-06-20",
    "opportunities": 10,
    "p50_duration_ms": 1100.0,
    "p95_duration_ms": 2400.0,
    "pattern_id": "7c9e6679-7425-50de-944b-e07fc1f90ae7",
    "pattern_type": "sequence",
    "people_execution_count": 200,
    "popularity_rank": 1,
    "position": 1,
    "previous_rank": 2,
    "previous_total_executions": 180,
    "rank_change": 1,
    "reason": None,
    "rejected": 0,
    "reliability": "green",
    "resurrected_users": 1,
    "returning_users": 8,
    "sample_size": 200,
    "scopes": ["read:self", "track"],
    "score": 2.5,
    "sequence_id": "a2f1d8c4-3b6e-5f0a-8c9d-1e2f3a4b5c6d",
    "state": "open",
    "status": "accepted",
    "subject": "Send weekly report",
    "success_count": 197,
    "success_rate_lower_fraction": 0.957,
    "success_rate_lower_percent": 95.7,
    "success_rate_upper_fraction": 0.995,
    "success_rate_upper_percent": 99.5,
    "support": 14,
    "template_id": "1b9d6bcd-bbfd-5b2d-9b5d-ab8dfbbd4bed",
    "total_executions": 205,
    "transition_count": 14,
    "unique_users": 12,
    "usage_count": 205,
    "user_count": 4,
    "user_id": _USER,
    "user_name": "ana",
    "users_who_abandoned": 7,
    "week_start_date": "2026-06-22",
    "weekday": 0,
    "weekdays": [0],
    "workflow_id": _WORKFLOW,
    "workflow_ids": [_WORKFLOW, _NEXT],
    "workflow_name": "Send weekly report",
}
_OBJECTS: Final[dict[str, dict[str, Any]]] = {
    "Definitions": {"items": {"popular_workflows.popularity_rank": "1 for the most executions."}},
    "Health": {"status": "ok"},
    "OrganisationInsight": {
        "insight_type": "valuable",
        "message": "4 people rely on it, and 98.5 % of its executions succeed.",
    },
    "Ready": {"status": "ready"},
    "Sequence": {"frequency": 14},
}


def add(schemas: dict[str, Any]) -> None:
    """Give each field of the schemas its example, unless it or its object has one already."""
    for name, schema in schemas.items():
        if "example" in schema:
            continue
        values = {**_FIELDS, **_OBJECTS.get(name, {})}
        for field, each in schema.get("properties", {}).items():
            if field in values:
                each.setdefault("examples", [values[field]])
