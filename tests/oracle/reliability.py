"""How reliable each workflow is, as of each day."""

from math import sqrt
from typing import Any

from .model import World
from .windows import use_of_workflows

WINDOW_DAYS = 30
Z = 1.959963984540054


def workflow_success_rates(world: World) -> list[dict[str, Any]]:
    """The success rate of the last 30 days with its sample and its Wilson 95 % bounds.

    Only successes and failures are the sample: an execution that is open or was cancelled is
    counted and shown but is in no rate. With nothing finished every rate and bound is NULL.
    """
    rows = []
    for as_of in world.as_of_dates:
        for workflow_id, use in use_of_workflows(world, as_of, WINDOW_DAYS).items():
            total = use.total
            successes, sample = total.by_status["completed"], total.finished
            lower, upper = wilson_bounds(successes, sample)
            rows.append(
                {
                    "as_of_date": as_of,
                    "workflow_id": workflow_id,
                    "workflow_name": world.name(workflow_id),
                    "total_executions": total.executions,
                    **total.outcome_counts,
                    "sample_size": sample,
                    "success_rate": total.success_rate,
                    "failure_rate": total.by_status["failed"] / sample if sample else None,
                    "success_rate_lower": lower,
                    "success_rate_upper": upper,
                    "unique_users": len(use.users),
                    "duration_count": total.duration_count,
                    "total_duration_ms": total.total_duration_ms,
                    "avg_duration_ms": total.avg_duration_ms,
                    "reliability": total.reliability,
                }
            )
    return rows


def wilson_bounds(successes: int, sample: int) -> tuple[float | None, float | None]:
    """The Wilson score interval at 95 %: the rates that the sample does not contradict."""
    if sample == 0:
        return None, None
    rate, z2 = successes / sample, Z * Z
    centre = (rate + z2 / (2 * sample)) / (1 + z2 / sample)
    margin = Z / (1 + z2 / sample) * sqrt(rate * (1 - rate) / sample + z2 / (4 * sample * sample))
    return centre - margin, centre + margin
