"""Median and 95th percentile of durations, from the histogram."""

from fractions import Fraction
from typing import Any

from .model import World
from .tally import BUCKET_BASE
from .windows import use_of_workflows

WINDOW_DAYS = 30


def workflow_duration_percentiles(world: World) -> list[dict[str, Any]]:
    """p50 and p95 of the last 30 days as of the as-of day; no row without any duration."""
    rows = []
    for workflow_id, use in use_of_workflows(world, world.as_of_day, WINDOW_DAYS).items():
        if use.total.duration_count:
            rows.append(
                {
                    "workflow_id": workflow_id,
                    "workflow_name": world.name(workflow_id),
                    "duration_count": use.total.duration_count,
                    "p50_duration_ms": quantile(use.total.buckets, Fraction(50, 100)),
                    "p95_duration_ms": quantile(use.total.buckets, Fraction(95, 100)),
                }
            )
    return rows


def quantile(buckets: dict[int, int], q: Fraction) -> float:
    """The middle of the first bucket up to which at least the share `q` lies; that of 0 ms is 0."""
    total, seen = sum(buckets.values()), 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= q * total:
            return 0.0 if bucket == -1 else float(BUCKET_BASE) ** (bucket + 0.5)
    raise ValueError("no durations")
