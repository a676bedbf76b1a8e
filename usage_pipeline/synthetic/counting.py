"""Counts the ground truth while the days of a history are generated."""

from datetime import timedelta

import numpy as np

from usage_pipeline.synthetic.delivery import DeliveryCounts
from usage_pipeline.synthetic.generate import GeneratedDay, days_of, draw_day
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.outcomes import DayExecutions
from usage_pipeline.synthetic.planted import (
    HabitCounts,
    departures,
    planted_conditionals,
    planted_schedules,
    planted_sequences,
    planted_times,
)
from usage_pipeline.synthetic.population import Population, draw_population
from usage_pipeline.synthetic.starts import Ints, Status, Trigger
from usage_pipeline.synthetic.truth import (
    AbandonedWorkflow,
    DayTotals,
    DegradedWorkflow,
    RenamedWorkflow,
    Truth,
    WorkflowTotals,
)
from usage_pipeline.synthetic.workflows import NEVER
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
