"""One row per user and workflow: everything up to the as-of day."""

from datetime import date, timedelta
from typing import Any

from .calendars import current_streak, frequency, longest_streak
from .model import World
from .tally import Tally

PERIOD_DAYS = 28


def user_workflow_stats(world: World) -> list[dict[str, Any]]:
    """Totals over all days seen, dates of use by any trigger, habits of people only.

    The average duration is total duration by executions with one over *all* days; the trend is
    the executions of the last 28 days by those of the 28 before, less one, and NULL where there
    were none before.
    """
    rows = []
    for (user_id, workflow_id), days in world.pairs.items():
        total = Tally.sum(days.values())
        active = [day for day, tally in days.items() if tally.by_people]
        last = _executions(days, world.as_of_day)
        previous = _executions(days, world.as_of_day - timedelta(days=PERIOD_DAYS))
        rows.append(
            {
                "user_id": user_id,
                "workflow_id": workflow_id,
                "workflow_name": world.name(workflow_id),
                "total_executions": total.executions,
                **total.outcome_counts,
                "people_execution_count": total.by_people,
                "sample_size": total.finished,
                "success_rate": total.success_rate,
                "reliability": total.reliability,
                "duration_count": total.duration_count,
                "total_duration_ms": total.total_duration_ms,
                "avg_duration_ms": total.avg_duration_ms,
                "total_cost": total.total_cost,
                "first_used_date": min(days),
                "last_used_date": max(days),
                "last_used_at": max(tally.last_started_at for tally in days.values()),
                "active_days": len(active),
                "frequency": frequency(active, world.as_of_day),
                "current_streak_days": current_streak(active, world.as_of_day),
                "longest_streak_days": longest_streak(active),
                "executions_last_28_days": last,
                "executions_previous_28_days": previous,
                "execution_trend": last / previous - 1 if previous else None,
            }
        )
    return rows


def _executions(days: dict[date, Tally], last_day: date) -> int:
    return sum(
        tally.executions for day, tally in days.items() if 0 <= (last_day - day).days < PERIOD_DAYS
    )
