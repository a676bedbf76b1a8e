"""Popular workflows, as of each day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from .model import World
from .windows import Use, use_of_workflows

WINDOW_DAYS = 7


def popular_workflows(world: World) -> list[dict[str, Any]]:
    """Workflows by executions of the last 7 days, beside the 7 days before those.

    Grouped by the id, so that a rename splits nothing. More executions rank first, then more
    users, then the smaller id: no two share a rank. All are listed, not the first ten. A
    workflow without executions in the 7 days before has no previous rank and so no change of it.
    """
    rows = []
    used: dict[date, dict[UUID, Use]] = {}
    for as_of in world.as_of_dates:
        used[as_of] = use_of_workflows(world, as_of, WINDOW_DAYS)
        before = used.get(as_of - timedelta(days=WINDOW_DAYS), {})
        ranks, earlier = _ranks(used[as_of]), _ranks(before)
        for workflow_id, use in used[as_of].items():
            previous = before[workflow_id].total.executions if workflow_id in before else 0
            previous_rank = earlier.get(workflow_id)
            total = use.total
            rows.append(
                {
                    "as_of_date": as_of,
                    "workflow_id": workflow_id,
                    "workflow_name": world.name(workflow_id),
                    "popularity_rank": ranks[workflow_id],
                    "total_executions": total.executions,
                    "unique_users": len(use.users),
                    "people_execution_count": total.by_people,
                    "machine_execution_count": total.executions - total.by_people,
                    "success_count": total.by_status["completed"],
                    "failure_count": total.by_status["failed"],
                    "success_rate": total.success_rate,
                    "reliability": total.reliability,
                    "previous_total_executions": previous,
                    "previous_rank": previous_rank,
                    "rank_change": (
                        None if previous_rank is None else previous_rank - ranks[workflow_id]
                    ),
                    "execution_change": total.executions - previous,
                }
            )
    return rows


def _ranks(used: dict[UUID, Use]) -> dict[UUID, int]:
    order = sorted(used, key=lambda key: (-used[key].total.executions, -len(used[key].users), key))
    return {workflow_id: rank for rank, workflow_id in enumerate(order, start=1)}
