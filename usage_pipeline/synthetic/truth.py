"""The ground truth of a generated history: what was planted and what the data must add up to.

Only the shape of the truth and how to read it; it is counted in `counting`. Ids are those of the
files, days are execution dates in the zone of the history.
"""

from datetime import date
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from usage_pipeline.synthetic.model import DirtyKind, GeneratorConfig

TRUTH_FILE = "truth.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionCounts(_Record):
    """Sessions of a sequence habit that close on a day.

    Attributes:
        planted: all of them.
        unbroken: those in which the steps follow each other with nothing between.
        whole: those in which there is nothing but the steps.
    """

    planted: int
    unbroken: int
    whole: int


class PlantedSequence(_Record):
    """A user's habit to run workflows one after the other; `weekdays` has 0 for Monday."""

    user_id: str
    workflow_ids: list[str]
    hours: list[int]
    weekdays: list[int]
    probability: float
    days: dict[date, SessionCounts]

    def sessions(self, first: date = date.min, last: date = date.max) -> SessionCounts:
        """The sessions that close on the days from first to last, both included."""
        counts = [count for day, count in self.days.items() if first <= day <= last]
        return SessionCounts(
            planted=sum(count.planted for count in counts),
            unbroken=sum(count.unbroken for count in counts),
            whole=sum(count.whole for count in counts),
        )


class PlantedTimePattern(_Record):
    """A user's habit to run a workflow in one local hour of some weekdays.

    `days` are those on which it happened, out of `eligible_days` with such a weekday.
    """

    user_id: str
    workflow_id: str
    hour: int
    weekdays: list[int]
    probability: float
    eligible_days: int
    days: list[date]


class ReactionCounts(_Record):
    """Executions of the first workflow on a day, by status, and those that were reacted to.

    `directly` leaves out reactions with another execution in between.
    """

    failures: int
    failures_followed: int
    failures_followed_directly: int
    successes: int
    successes_followed: int
    successes_followed_directly: int


class PlantedConditional(_Record):
    """A user's habit to run `next_workflow_id` when `workflow_id` has failed."""

    user_id: str
    workflow_id: str
    next_workflow_id: str
    hours: list[int]
    weekdays: list[int]
    days: dict[date, ReactionCounts]

    def reactions(self, first: date = date.min, last: date = date.max) -> ReactionCounts:
        """The counts of the days from first to last, both included."""
        counts = [count for day, count in self.days.items() if first <= day <= last]
        names = ReactionCounts.model_fields
        return ReactionCounts(**{n: sum(getattr(c, n) for c in counts) for n in names})


class PlantedSchedule(_Record):
    """A workflow that a machine starts at a fixed local hour, and what it starts next."""

    user_id: str
    workflow_id: str
    hour: int
    weekdays: list[int]
    chained_workflow_id: str | None


class AbandonedWorkflow(_Record):
    """A workflow that nobody uses after `last_used_date`; tries are executions a user."""

    workflow_id: str
    last_used_date: date
    users: int
    average_tries: float
    median_tries: float


class LeftWorkflow(_Record):
    """A user who stopped using a workflow but not the others; executions by people."""

    user_id: str
    workflow_id: str
    last_active_date: date
    executions: int
    active_days: int


class LeftUser(_Record):
    """A user who stopped using anything; executions by people."""

    user_id: str
    last_active_date: date
    executions: int


class RenamedWorkflow(_Record):
    """A workflow with another name from `first_day` on."""

    workflow_id: str
    old_name: str
    new_name: str
    first_day: date


class DegradedWorkflow(_Record):
    """A workflow that is worse from `first_day` on."""

    workflow_id: str
    first_day: date


class WorkflowTotals(_Record):
    """All executions of a workflow by status; `failure_rate` is what failures were drawn with."""

    workflow_id: str
    workflow_name: str
    failure_rate: float
    started: int
    completed: int
    failed: int
    cancelled: int
    by_people: int


class DayTotals(_Record):
    """Totals of a day, and of the files delivered for it.

    Attributes:
        day: the execution date, and the name of the file.
        executions: those that start on the day, wherever they are delivered.
        by_people: those of them with trigger manual or api.
        rows: all rows of the day's files: on-time executions, duplicates, dirty rows and late
            rows of earlier days.
        started_copies: duplicates in an earlier state.
        exact_copies: duplicates without any difference.
        dirty: rows that cannot be loaded, by fault.
        delivered_late: executions of the day that are in the files of later days.
        late_rows: rows in the day's files that belong to earlier days.
    """

    day: date
    executions: int
    by_people: int
    rows: int
    started_copies: int
    exact_copies: int
    dirty: dict[DirtyKind, int]
    delivered_late: int
    late_rows: int


class Truth(_Record):
    """Everything that is known about a generated history."""

    config: GeneratorConfig
    days: list[DayTotals]
    workflows: list[WorkflowTotals]
    sequences: list[PlantedSequence]
    time_patterns: list[PlantedTimePattern]
    conditionals: list[PlantedConditional]
    schedules: list[PlantedSchedule]
    abandoned_workflows: list[AbandonedWorkflow]
    left_workflows: list[LeftWorkflow]
    left_users: list[LeftUser]
    renamed_workflows: list[RenamedWorkflow]
    failing_more: list[DegradedWorkflow]
    slower: list[DegradedWorkflow]

    @property
    def executions(self) -> int:
        """All executions of the history."""
        return sum(day.executions for day in self.days)

    def regular_hours(self) -> set[tuple[str, str, int]]:
        """Every (user, workflow, local hour) that any habit makes regular.

        Sequences and conditionals keep hours too, so a miner of time patterns rightly finds
        those as well. A session over midnight may put its later steps into hour 0.
        """
        found = {(h.user_id, h.workflow_id, h.hour) for h in self.time_patterns}
        for habit in self.sequences:
            hours = {*habit.hours, 0} if 23 in habit.hours else set(habit.hours)
            found |= {(habit.user_id, w, hour) for w in habit.workflow_ids for hour in hours}
        for reaction in self.conditionals:
            pair = (reaction.workflow_id, reaction.next_workflow_id)
            found |= {(reaction.user_id, w, hour) for w in pair for hour in reaction.hours}
        return found

    def regular_transitions(self) -> set[tuple[str, str, str]]:
        """Every (user, from, to) that a habit makes follow each other in one session."""
        found = {
            (habit.user_id, before, after)
            for habit in self.sequences
            for before, after in zip(habit.workflow_ids, habit.workflow_ids[1:], strict=False)
        }
        return found | {
            (habit.user_id, habit.workflow_id, habit.next_workflow_id)
            for habit in self.conditionals
        }

    def write(self, folder: Path) -> Path:
        """Write `truth.json` into the folder and return its path."""
        path = folder / TRUTH_FILE
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the `truth.json` of a folder."""
        return cls.model_validate_json((folder / TRUTH_FILE).read_bytes())
