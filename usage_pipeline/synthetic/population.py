"""Everything about a generated history that is the same on all its days, drawn once and kept."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from usage_pipeline.synthetic.habits import Habits, plan_habits
from usage_pipeline.synthetic.machines import Schedules, plan_schedules
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.starts import Ints, Mask
from usage_pipeline.synthetic.users import Users, draw_users
from usage_pipeline.synthetic.workflows import Workflows, draw_workflows


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
