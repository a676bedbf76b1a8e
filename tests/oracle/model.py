"""What the oracle computes from: executions, known names, loaded days and an as-of date.

No mart is computed here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from .tally import Tally

MILLISECOND = timedelta(milliseconds=1)
BY_PEOPLE = {"manual", "api", None}


@dataclass(frozen=True)
class Execution:
    """One merged execution, as the warehouse keeps it."""

    id: UUID
    user_id: UUID
    workflow_id: UUID
    execution_date: date
    start_time: datetime
    end_time: datetime | None
    status: str
    trigger_type: str | None = None
    cost: Decimal | None = None
    source: str = "files"
    source_id: str = ""
    attempt: int = 1
    updated_at: datetime | None = None
    queued_at: datetime | None = None
    input_size: int | None = None
    output_size: int | None = None
    error_class: str | None = None

    @property
    def waiting_ms(self) -> int | None:
        """Whole milliseconds from queued to start; None when not known or not in this order."""
        if self.queued_at is None or self.queued_at > self.start_time:
            return None
        return (self.start_time - self.queued_at) // MILLISECOND

    @property
    def duration_ms(self) -> int | None:
        """Whole milliseconds from start to end, days included; None while there is no end."""
        if self.end_time is None:
            return None
        return (self.end_time - self.start_time) // MILLISECOND

    @property
    def by_people(self) -> bool:
        """Started by a person: by hand, through an API, or with no trigger known at all."""
        return self.trigger_type in BY_PEOPLE


@dataclass(frozen=True)
class KnownWorkflow:
    """The latest known name of a workflow and its id in the source."""

    name: str | None
    source: str
    source_workflow_id: str


@dataclass(frozen=True)
class KnownUser:
    """The readable id of a user in the source."""

    source: str
    source_user_id: str


@dataclass
class World:
    """Everything a mart may depend on. Days after `as_of_day` have not been seen yet."""

    executions: Iterable[Execution]
    names: Mapping[UUID, KnownWorkflow]
    users: Mapping[UUID, KnownUser]
    ledger_days: Iterable[date]
    as_of_day: date
    days: dict[date, dict[tuple[UUID, UUID], Tally]] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the executions of the days seen by (day, user and workflow)."""
        groups: dict[date, dict[tuple[UUID, UUID], list[Execution]]] = defaultdict(dict)
        for execution in self.executions:
            if execution.execution_date <= self.as_of_day:
                pair = (execution.user_id, execution.workflow_id)
                groups[execution.execution_date].setdefault(pair, []).append(execution)
        self.days = {
            day: {pair: Tally.of(found) for pair, found in pairs.items()}
            for day, pairs in sorted(groups.items())
        }

    def name(self, workflow_id: UUID) -> str | None:
        """The latest known name, or None."""
        known = self.names.get(workflow_id)
        return None if known is None else known.name

    @cached_property
    def pairs(self) -> dict[tuple[UUID, UUID], dict[date, Tally]]:
        """Each (user, workflow) with its days of use, in order."""
        found: dict[tuple[UUID, UUID], dict[date, Tally]] = {}
        for day, pairs in self.days.items():
            for pair, tally in pairs.items():
                found.setdefault(pair, {})[day] = tally
        return found

    @cached_property
    def as_of_dates(self) -> list[date]:
        """Every day from the first loaded one to the as-of day, loaded or not."""
        days = sorted(self.ledger_days)
        if not days:
            return []
        return [
            days[0] + timedelta(days=offset)
            for offset in range((self.as_of_day - days[0]).days + 1)
        ]

    def window(self, last_day: date, length: int) -> list[date]:
        """The days of the last `length` days ending with `last_day` that have executions."""
        days = (last_day - timedelta(days=back) for back in reversed(range(length)))
        return [day for day in days if day in self.days]
