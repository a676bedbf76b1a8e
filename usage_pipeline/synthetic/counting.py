"""Counts the ground truth while the days of a history are generated.

It counts executions, what habits led to and who left, and words all of it as `Truth`.
"""

from datetime import date, timedelta

import numpy as np

from usage_pipeline.synthetic.delivery import DeliveryCounts
from usage_pipeline.synthetic.generate import GeneratedDay, days_of, draw_day
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.outcomes import DayExecutions
from usage_pipeline.synthetic.participants import NEVER
from usage_pipeline.synthetic.population import Population, draw_population
from usage_pipeline.synthetic.starts import Ints, Mask, Status, Trigger
from usage_pipeline.synthetic.truth import (
    AbandonedWorkflow,
    DayTotals,
    DegradedWorkflow,
    LeftUser,
    LeftWorkflow,
    PlantedConditional,
    PlantedSchedule,
    PlantedSequence,
    PlantedTimePattern,
    ReactionCounts,
    RenamedWorkflow,
    SessionCounts,
    Truth,
    WorkflowTotals,
)
from usage_pipeline.terms import PEOPLE_TRIGGERS

_PEOPLE = tuple(Trigger[name.upper()] for name in PEOPLE_TRIGGERS)


class TruthCounter:
    """Takes in each day once, in any order, and then tells the truth."""

    def __init__(self, population: Population) -> None:
        """Start with nothing counted."""
        config = population.config
        self._population = population
        self._days: list[DayTotals] = []
        self._by_status = np.zeros((config.workflows, len(Status)), dtype=np.int64)
        self._by_people = np.zeros(config.workflows, dtype=np.int64)
        self._habits = HabitCounts(population)
        self._abandoned = np.flatnonzero(~population.workflows.lasting)
        self._tries = np.zeros((len(self._abandoned), config.users), dtype=np.int32)
        self._last_use = np.full(len(self._abandoned), -1)

    def add(self, generated: GeneratedDay, delivered: DeliveryCounts | None = None) -> None:
        """Take in a day; without a delivery, as if each execution came once and in time."""
        rows = generated.executions
        by_people = np.isin(rows.trigger, _PEOPLE)
        count = len(rows.user)
        counts = delivered or DeliveryCounts(rows=count)
        self._days.append(
            DayTotals(
                day=generated.local.day,
                executions=count,
                by_people=int(by_people.sum()),
                rows=counts.rows,
                started_copies=counts.started_copies,
                exact_copies=counts.exact_copies,
                dirty=counts.dirty,
                delivered_late=counts.delivered_late,
                late_rows=counts.late_rows,
            )
        )
        workflows, statuses = self._by_status.shape
        cell = rows.workflow * statuses + rows.status
        self._by_status += np.bincount(cell, minlength=workflows * statuses).reshape(-1, statuses)
        self._by_people += np.bincount(rows.workflow[by_people], minlength=workflows)
        day_index = self._population.config.day_index(generated.local.day)
        self._add_tries(rows, day_index)
        self._habits.add(generated, day_index, by_people)

    def _add_tries(self, rows: DayExecutions, day_index: int) -> None:
        for number, workflow in enumerate(self._abandoned):
            users = rows.user[rows.workflow == workflow]
            if len(users):
                self._tries[number] += np.bincount(users, minlength=self._tries.shape[1])
                self._last_use[number] = max(self._last_use[number], day_index)

    def truth(self) -> Truth:
        """The truth about all days taken in."""
        population = self._population
        left_workflows, left_users = departures(population, self._habits)
        return Truth(
            config=population.config,
            days=sorted(self._days, key=lambda day: day.day),
            workflows=self._workflow_totals(),
            sequences=planted_sequences(population, self._habits),
            time_patterns=planted_times(population, self._habits),
            conditionals=planted_conditionals(population, self._habits),
            schedules=planted_schedules(population),
            abandoned_workflows=self._abandoned_workflows(),
            left_workflows=left_workflows,
            left_users=left_users,
            renamed_workflows=_renamed(population),
            failing_more=_degraded(population, population.workflows.fails_more_from),
            slower=_degraded(population, population.workflows.slower_from),
        )

    def _workflow_totals(self) -> list[WorkflowTotals]:
        workflows = self._population.workflows
        names = workflows.names_on(self._population.config.days - 1)
        return [
            WorkflowTotals(
                workflow_id=workflow_id,
                workflow_name=name,
                failure_rate=float(rate),
                by_people=int(people),
                **{status.name.lower(): int(counts[status]) for status in Status},
            )
            for workflow_id, name, rate, people, counts in zip(
                workflows.ids.to_pylist(),
                names,
                workflows.failure_rate,
                self._by_people,
                self._by_status,
                strict=True,
            )
        ]

    def _abandoned_workflows(self) -> list[AbandonedWorkflow]:
        config, ids = self._population.config, self._population.workflows.ids
        found = []
        for workflow, tries, last in zip(self._abandoned, self._tries, self._last_use, strict=True):
            tried = tries[tries > 0]
            if len(tried):
                found.append(
                    AbandonedWorkflow(
                        workflow_id=ids[int(workflow)].as_py(),
                        last_used_date=config.first_day + timedelta(days=int(last)),
                        users=len(tried),
                        average_tries=float(tried.mean()),
                        median_tries=float(np.median(tried)),
                    )
                )
        return found


def ground_truth(config: GeneratorConfig) -> Truth:
    """The truth about a history of which nothing is written.

    Raises:
        UsageError: the habits do not fit into the history.
    """
    population = draw_population(config)
    counter = TruthCounter(population)
    for day in days_of(config):
        counter.add(draw_day(population, day))
    return counter.truth()


def _renamed(population: Population) -> list[RenamedWorkflow]:
    config, workflows = population.config, population.workflows
    return [
        RenamedWorkflow(
            workflow_id=workflows.ids[number].as_py(),
            old_name=workflows.names[number],
            new_name=name,
            first_day=config.first_day + timedelta(days=workflows.renamed_on),
        )
        for number, name in workflows.later_names.items()
    ]


def _degraded(population: Population, since: Ints) -> list[DegradedWorkflow]:
    first_day, ids = population.config.first_day, population.workflows.ids
    return [
        DegradedWorkflow(
            workflow_id=ids[int(number)].as_py(),
            first_day=first_day + timedelta(days=int(since[number])),
        )
        for number in np.flatnonzero(since != NEVER)
    ]


_SESSION_COUNTS = tuple(SessionCounts.model_fields)
_REACTION_COUNTS = tuple(ReactionCounts.model_fields)


class HabitCounts:
    """Counts by habit and day, and the use by those who leave something."""

    def __init__(self, population: Population) -> None:
        """Start with nothing counted."""
        config, habits, users = population.config, population.habits, population.users
        days = config.days
        self.sequences = np.zeros((len(habits.sequences.user), days, len(_SESSION_COUNTS)), int)
        self.conditionals = np.zeros(
            (len(habits.conditionals.user), days, len(_REACTION_COUNTS)), int
        )
        self.times = np.zeros((len(habits.times.user), days), bool)
        self._workflows = config.workflows
        leaver_pairs = users.leaver * config.workflows + users.favourites[users.leaver, 0]
        self.left_workflows = _LastUse(leaver_pairs)
        self.left_users = _LastUse(np.flatnonzero(users.last_day != NEVER))

    def add(self, generated: GeneratedDay, day_index: int, by_people: Mask) -> None:
        """Take in a day."""
        sessions = generated.sequences
        closes = day_index + (sessions.closing_ms >= generated.local.end_ms)
        for column, counted in enumerate(
            (np.ones_like(sessions.whole), sessions.unbroken, sessions.whole)
        ):
            _count(self.sequences[:, :, column], sessions.habit[counted], closes[counted])
        reactions = generated.conditionals
        failed, followed, directly = reactions.failed, reactions.followed, reactions.directly
        today = np.full_like(reactions.habit, day_index)
        for column, counted in enumerate(
            (
                failed,
                failed & followed,
                failed & directly,
                ~failed,
                ~failed & followed,
                ~failed & directly,
            )
        ):
            _count(self.conditionals[:, :, column], reactions.habit[counted], today[counted])
        self.times[generated.times.habit, day_index] = True
        rows = generated.executions
        user, workflow = rows.user[by_people], rows.workflow[by_people]
        self.left_workflows.add(user * self._workflows + workflow, day_index)
        self.left_users.add(user, day_index)


def _count(counts: Ints, habit: Ints, day: Ints) -> None:
    """Add one for each pair to a matrix of habits and days."""
    habits, days = counts.shape
    counts += np.bincount(habit * days + day, minlength=habits * days).reshape(habits, days)


class _LastUse:
    """Executions, active days and the last active day of some keys."""

    def __init__(self, keys: Ints) -> None:
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        self._executions = np.zeros(len(keys), dtype=np.int64)
        self._active_days = np.zeros(len(keys), dtype=np.int64)
        self._last_day = np.full(len(keys), -1)

    def add(self, used: Ints, day_index: int) -> None:
        if len(self._keys) == 0:
            return
        at = np.minimum(np.searchsorted(self._keys, used), len(self._keys) - 1)
        counts = np.bincount(at[self._keys[at] == used], minlength=len(self._keys))
        self._executions += counts
        self._active_days += counts > 0
        last = np.maximum(self._last_day, day_index)
        self._last_day = np.where(counts > 0, last, self._last_day)

    def in_given_order(self) -> list[tuple[int, int, int]]:
        """(executions, active days, last day or -1) of each key."""
        table = np.stack([self._executions, self._active_days, self._last_day], axis=1)
        given = np.empty_like(table)
        given[self._order] = table
        return [(int(row[0]), int(row[1]), int(row[2])) for row in given]


def planted_sequences(population: Population, counts: HabitCounts) -> list[PlantedSequence]:
    """The sequence habits with their sessions by closing day."""
    habits, user_ids = population.habits.sequences, population.users.ids
    workflow_ids, days = population.workflows.ids.to_pylist(), days_of(population.config)
    return [
        PlantedSequence(
            user_id=user_ids[int(habits.user[number])].as_py(),
            workflow_ids=[workflow_ids[step] for step in habits.steps[number] if step >= 0],
            hours=[int(hour) for hour in habits.hours[number] if hour >= 0],
            weekdays=_weekdays(habits.weekdays[number]),
            probability=float(habits.probability[number]),
            days={
                days[day]: SessionCounts(**dict(zip(_SESSION_COUNTS, cells, strict=True)))
                for day, cells in enumerate(counts.sequences[number].tolist())
                if cells[0]
            },
        )
        for number in range(len(habits.user))
    ]


def planted_times(population: Population, counts: HabitCounts) -> list[PlantedTimePattern]:
    """The time habits with the days on which they were kept."""
    habits, days = population.habits.times, days_of(population.config)
    user_ids, workflow_ids = population.users.ids, population.workflows.ids
    found = []
    for number in range(len(habits.user)):
        weekdays = _weekdays(habits.weekdays[number])
        found.append(
            PlantedTimePattern(
                user_id=user_ids[int(habits.user[number])].as_py(),
                workflow_id=workflow_ids[int(habits.workflow[number])].as_py(),
                hour=int(habits.hour[number]),
                weekdays=weekdays,
                probability=float(habits.probability[number]),
                eligible_days=sum(day.weekday() in weekdays for day in days),
                days=[days[day] for day in np.flatnonzero(counts.times[number])],
            )
        )
    return found


def planted_conditionals(population: Population, counts: HabitCounts) -> list[PlantedConditional]:
    """The conditional habits with their reactions by day."""
    habits, days = population.habits.conditionals, days_of(population.config)
    user_ids, workflow_ids = population.users.ids, population.workflows.ids
    return [
        PlantedConditional(
            user_id=user_ids[int(habits.user[number])].as_py(),
            workflow_id=workflow_ids[int(habits.first[number])].as_py(),
            next_workflow_id=workflow_ids[int(habits.then[number])].as_py(),
            hours=[int(hour) for hour in habits.hours[number] if hour >= 0],
            weekdays=_weekdays(habits.weekdays[number]),
            days={
                days[day]: ReactionCounts(**dict(zip(_REACTION_COUNTS, cells, strict=True)))
                for day, cells in enumerate(counts.conditionals[number].tolist())
                if any(cells)
            },
        )
        for number in range(len(habits.user))
    ]


def planted_schedules(population: Population) -> list[PlantedSchedule]:
    """The schedules as planned."""
    schedules, ids = population.schedules, population.workflows.ids
    return [
        PlantedSchedule(
            user_id=population.users.ids[int(schedules.owner[number])].as_py(),
            workflow_id=ids[int(schedules.workflow[number])].as_py(),
            hour=int(schedules.hour[number]),
            weekdays=_weekdays(schedules.weekdays[number]),
            chained_workflow_id=(
                ids[int(schedules.chained[number])].as_py()
                if schedules.chained[number] >= 0
                else None
            ),
        )
        for number in range(len(schedules.owner))
    ]


def departures(
    population: Population, counts: HabitCounts
) -> tuple[list[LeftWorkflow], list[LeftUser]]:
    """Who left a workflow, and who left altogether; only those who had used it before."""
    users, workflow_ids = population.users, population.workflows.ids
    left_workflows = [
        LeftWorkflow(
            user_id=users.ids[int(user)].as_py(),
            workflow_id=workflow_ids[int(users.favourites[user, 0])].as_py(),
            last_active_date=_day(population, last),
            executions=executions,
            active_days=active_days,
        )
        for user, (executions, active_days, last) in zip(
            users.leaver, counts.left_workflows.in_given_order(), strict=True
        )
        if executions
    ]
    left_users = [
        LeftUser(
            user_id=users.ids[int(user)].as_py(),
            last_active_date=_day(population, last),
            executions=executions,
        )
        for user, (executions, _, last) in zip(
            np.flatnonzero(users.last_day != NEVER),
            counts.left_users.in_given_order(),
            strict=True,
        )
        if executions
    ]
    return left_workflows, left_users


def _day(population: Population, index: int) -> date:
    return population.config.first_day + timedelta(days=index)


def _weekdays(bits: int) -> list[int]:
    return [weekday for weekday in range(7) if int(bits) >> weekday & 1]
