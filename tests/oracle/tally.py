"""The additive numbers of a set of executions, and the two ratios made of them.

Sums are added and ratios are taken of sums, so that an average of averages cannot be written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Execution


# DESIGN, "What every number means": kept apart from the product's own constant.
BUCKET_BASE = Fraction(102, 100)
SMALLEST_SAMPLE = 5


@cache
def bucket_of(duration_ms: int) -> int:
    """The greatest b with base^b <= the duration, in whole numbers; -1 for 0 ms.

    No power of the base but the zeroth is a whole number, so no duration lies on an edge.
    """
    if duration_ms == 0:
        return -1
    above, below = BUCKET_BASE.as_integer_ratio()
    bucket, power, scaled = 0, above, duration_ms * below
    while power <= scaled:
        bucket, power, scaled = bucket + 1, power * above, scaled * below
    return bucket


def colour(successes: int, sample: int) -> str:
    """Green above 9 in 10, yellow above 7 in 10, else red; grey under 5 finished executions.

    Compared in whole numbers: exactly 9 of 10 is yellow, exactly 7 of 10 is red.
    """
    if sample < SMALLEST_SAMPLE:
        return "grey"
    if 10 * successes > 9 * sample:
        return "green"
    if 10 * successes > 7 * sample:
        return "yellow"
    return "red"


@dataclass
class Tally:
    """Counts, durations, costs and start times of some executions."""

    executions: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_people: int = 0
    duration_count: int = 0
    total_duration_ms: int = 0
    buckets: Counter[int] = field(default_factory=Counter)
    total_cost: Decimal | None = None
    first_started_at: datetime | None = None
    last_started_at: datetime | None = None
    last_people_started_at: datetime | None = None
    last_people_failed: bool | None = None
    by_trigger: Counter[str | None] = field(default_factory=Counter)
    retries: int = 0
    recovered: int = 0
    lost_ms: Counter[str] = field(default_factory=Counter)
    lost_cost: dict[str, Decimal] = field(default_factory=dict)
    known: dict[str, list[int]] = field(default_factory=dict)
    error_classes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, executions: Iterable[Execution]) -> Tally:
        """Tally executions one by one."""
        tally = cls()
        for execution in executions:
            tally._count(execution)
        return tally

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """Add tallies: the tally of all their executions (what only a pair's day has left out)."""
        total = cls()
        for tally in tallies:
            total.executions += tally.executions
            total.by_status += tally.by_status
            total.by_people += tally.by_people
            total.duration_count += tally.duration_count
            total.total_duration_ms += tally.total_duration_ms
            total.buckets += tally.buckets
            if tally.total_cost is not None:
                total.total_cost = (total.total_cost or Decimal(0)) + tally.total_cost
        return total

    def _count(self, execution: Execution) -> None:
        self.executions += 1
        self.by_status[execution.status] += 1
        duration = execution.duration_ms
        if duration is not None:
            self.duration_count += 1
            self.total_duration_ms += duration
            self.buckets[bucket_of(duration)] += 1
        if execution.cost is not None:
            self.total_cost = (self.total_cost or Decimal(0)) + execution.cost
        self._count_facts(execution)
        start = execution.start_time
        if self.first_started_at is None or start < self.first_started_at:
            self.first_started_at = start
        if self.last_started_at is None or start > self.last_started_at:
            self.last_started_at = start
        if execution.by_people:
            self._count_people(start, execution.status == "failed")

    def _count_facts(self, execution: Execution) -> None:
        self.by_trigger[execution.trigger_type] += 1
        if execution.attempt > 1:
            self.retries += 1
            self.recovered += execution.status == "completed"
        if execution.status == "failed":
            self.error_classes[execution.error_class or "(no message)"] += 1
        if execution.status in ("failed", "cancelled"):
            self.lost_ms[execution.status] += execution.duration_ms or 0
            if execution.cost is not None:
                lost = self.lost_cost.get(execution.status, Decimal(0))
                self.lost_cost[execution.status] = lost + execution.cost
        for name in ("waiting_ms", "input_size", "output_size"):
            value = getattr(execution, name)
            if value is not None:
                self.known.setdefault(name, []).append(value)

    def _count_people(self, start: datetime, failed: bool) -> None:
        self.by_people += 1
        if self.last_people_started_at is None or start > self.last_people_started_at:
            self.last_people_started_at, self.last_people_failed = start, failed
        elif start == self.last_people_started_at:
            self.last_people_failed = self.last_people_failed or failed

    @property
    def finished(self) -> int:
        """Successes and failures: what a success rate divides by."""
        return self.by_status["completed"] + self.by_status["failed"]

    @property
    def success_rate(self) -> float | None:
        """Successes of all finished ones; None with nothing to divide by."""
        return self.by_status["completed"] / self.finished if self.finished else None

    @property
    def reliability(self) -> str:
        """The colour of the success rate."""
        return colour(self.by_status["completed"], self.finished)

    @property
    def avg_duration_ms(self) -> float | None:
        """Total duration by executions that have one; None where none has."""
        return self.total_duration_ms / self.duration_count if self.duration_count else None

    @property
    def outcome_counts(self) -> dict[str, Any]:
        """The four counts whose sum is the number of executions."""
        return {
            "success_count": self.by_status["completed"],
            "failure_count": self.by_status["failed"],
            "cancelled_count": self.by_status["cancelled"],
            "open_count": self.by_status["started"],
        }

    @property
    def facts(self) -> dict[str, Any]:
        """Triggers, attempts, what failed and was cancelled, waiting times and sizes."""
        known = {
            name: self.known.get(name, []) for name in ("waiting_ms", "input_size", "output_size")
        }
        totals = {name: sum(values) if values else None for name, values in known.items()}
        return {
            "manual_count": self.by_trigger["manual"],
            "api_count": self.by_trigger["api"],
            "scheduled_count": self.by_trigger["scheduled"],
            "chained_count": self.by_trigger["chained"],
            "untriggered_count": self.by_trigger[None],
            "first_attempt_count": self.executions - self.retries,
            "retry_count": self.retries,
            "recovered_count": self.recovered,
            "failed_duration_ms": self.lost_ms["failed"],
            "cancelled_duration_ms": self.lost_ms["cancelled"],
            "failed_cost": self.lost_cost.get("failed"),
            "cancelled_cost": self.lost_cost.get("cancelled"),
            "waiting_count": len(known["waiting_ms"]),
            "total_waiting_ms": totals["waiting_ms"],
            "input_size_count": len(known["input_size"]),
            "total_input_size": totals["input_size"],
            "output_size_count": len(known["output_size"]),
            "total_output_size": totals["output_size"],
        }
