"""The additive numbers of a set of executions, and the two ratios made of them.

Sums are added and ratios are taken of sums, so that an average of averages cannot be written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Execution


# DESIGN, "What every number means": kept apart from the product's own constant.
BUCKET_BASE = Fraction(11, 10)
SMALLEST_SAMPLE = 5


def bucket_of(duration_ms: int) -> int:
    """The greatest b with base^b <= the duration (at least 1 ms), in whole numbers.

    No power of the base but the zeroth is a whole number, so no duration lies on an edge.
    """
    duration = max(duration_ms, 1)
    above, below = BUCKET_BASE.as_integer_ratio()
    bucket = 0
    while above ** (bucket + 1) <= duration * below ** (bucket + 1):
        bucket += 1
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

    @classmethod
    def of(cls, executions: Iterable[Execution]) -> Tally:
        """Tally executions one by one."""
        tally = cls()
        for execution in executions:
            tally._count(execution)
        return tally

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """Add tallies: the tally of all their executions (last run by people left out)."""
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
        start = execution.start_time
        if self.first_started_at is None or start < self.first_started_at:
            self.first_started_at = start
        if self.last_started_at is None or start > self.last_started_at:
            self.last_started_at = start
        if execution.by_people:
            self._count_people(start, execution.status == "failed")

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
