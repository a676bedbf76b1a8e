"""Everything about a generated history that is the same on all its days, drawn once and kept.

Users and workflows are drawn in `participants`, habits in `habits`; the schedules here.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from usage_pipeline.synthetic.habits import Habits, plan_habits
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.participants import Users, Workflows, draw_users, draw_workflows
from usage_pipeline.synthetic.starts import Ints, Mask

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


@dataclass(frozen=True, slots=True)
class Population:
    """The workflows, users, habits and schedules of one description.

    A (user, workflow) of `refused` is not used outside of habits from the day on that
    `refused_from` gives: it belongs to a habit, or the user has left the workflow.
    """

    config: GeneratorConfig
    workflows: Workflows
    users: Users
    habits: Habits
    schedules: Schedules
    refused: Ints
    refused_from: Ints
    refuses_anything: Mask

    def refuses(self, user: Ints, workflow: Ints, day_index: int) -> Mask:
        """Which of these executions cannot take place outside of a habit on that day."""
        gone = self.workflows.last_day[workflow] < day_index
        asked = np.flatnonzero(self.refuses_anything[user] & ~gone)
        if len(asked) == 0:
            return gone
        key = _pair_key(user[asked], workflow[asked], self.config.workflows)
        at = np.minimum(np.searchsorted(self.refused, key), len(self.refused) - 1)
        gone[asked] = (self.refused[at] == key) & (self.refused_from[at] <= day_index)
        return gone


@lru_cache(maxsize=4)
def draw_population(config: GeneratorConfig) -> Population:
    """Draw what all days of a history have in common.

    Raises:
        UsageError: there are too few users or workflows for so many habits.
    """
    workflows = draw_workflows(config)
    users = draw_users(config, workflows)
    habits = plan_habits(config, users, workflows)
    left = users.favourites[users.leaver, 0]
    refused = np.concatenate(
        [
            _pair_key(habits.kept_pairs[:, 0], habits.kept_pairs[:, 1], config.workflows),
            _pair_key(users.leaver, left, config.workflows),
        ]
    )
    since = np.concatenate(
        [np.zeros(len(habits.kept_pairs), dtype=np.int64), users.leaver_last_day + 1]
    )
    refuses_anything = np.zeros(config.users, dtype=bool)
    refuses_anything[refused // config.workflows] = True
    order = np.argsort(refused)
    return Population(
        config=config,
        workflows=workflows,
        users=users,
        habits=habits,
        schedules=plan_schedules(config, users, workflows),
        refused=refused[order],
        refused_from=since[order],
        refuses_anything=refuses_anything,
    )


def _pair_key(user: Ints, workflow: Ints, workflows: int) -> Ints:
    return user * workflows + workflow
