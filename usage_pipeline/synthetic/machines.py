"""Executions that no person starts: at a fixed hour, or by the execution before."""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.synthetic.local_time import HOUR_MS, SECOND_MS, LocalDay
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.starts import Ints, Starts, Trigger
from usage_pipeline.synthetic.streams import Purpose, stream
from usage_pipeline.synthetic.users import Users
from usage_pipeline.synthetic.workflows import Workflows

_WORKDAYS, _ALL_DAYS = 0b0011111, 0b1111111
_CHAINED_SHARE = 1 / 3
# The last hour is left out, so that what is chained starts on the same day.
_LAST_HOUR = 22


@dataclass(frozen=True, slots=True)
class Schedules:
    """One array entry a schedule; `chained` is the workflow started next, or -1."""

    owner: Ints
    workflow: Ints
    hour: Ints
    weekdays: Ints
    chained: Ints

    @property
    def mean_per_day(self) -> float:
        """How many executions they start on an average day."""
        days = np.bitwise_count(self.weekdays) / 7
        return float((days * (1 + (self.chained >= 0))).sum())


def plan_schedules(config: GeneratorConfig, users: Users, workflows: Workflows) -> Schedules:
    """Plan the schedules: a few owners, each with several, none for an abandoned workflow."""
    random = stream(config.seed, Purpose.SCHEDULES)
    usable = np.flatnonzero(workflows.lasting)
    count = config.schedules if len(users.lasting) and len(usable) else 0
    owners = random.permutation(users.lasting)[: max(1, (count + 2) // 3)]
    chained = random.choice(usable, count) if count else np.zeros(0, dtype=np.int64)
    return Schedules(
        owner=random.choice(owners, count) if count else np.zeros(0, dtype=np.int64),
        workflow=random.choice(usable, count) if count else np.zeros(0, dtype=np.int64),
        hour=random.integers(0, _LAST_HOUR + 1, count),
        weekdays=np.where(random.random(count) < 0.6, _WORKDAYS, _ALL_DAYS),
        chained=np.where(random.random(count) < _CHAINED_SHARE, chained, -1),
    )


def machine_starts(config: GeneratorConfig, schedules: Schedules, local: LocalDay) -> Starts:
    """The scheduled and chained executions of a day."""
    random = stream(config.seed, Purpose.MACHINES, config.day_index(local.day))
    count = len(schedules.owner)
    seconds_late = random.integers(0, 20 * SECOND_MS, count)
    chained_after = random.integers(60 * SECOND_MS, 400 * SECOND_MS, count)
    due = (schedules.weekdays >> local.day.weekday()) & 1 == 1
    start = local.instants(schedules.hour * HOUR_MS) + seconds_late
    goes_on = due & (schedules.chained >= 0)
    return Starts.concat(
        [
            Starts.of(
                schedules.owner[due],
                schedules.workflow[due],
                start[due],
                trigger=Trigger.SCHEDULED,
            ),
            Starts.of(
                schedules.owner[goes_on],
                schedules.chained[goes_on],
                (start + chained_after)[goes_on],
                trigger=Trigger.CHAINED,
            ),
        ]
    )
