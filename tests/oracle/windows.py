"""What all users together did with each workflow within a window of days."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from .model import World
from .tally import Tally


@dataclass(frozen=True)
class Use:
    """The executions of one workflow within a window and the users who started them."""

    total: Tally
    users: frozenset[UUID]


def use_of_workflows(world: World, last_day: date, length: int) -> dict[UUID, Use]:
    """Use per workflow in the `length` whole days that end with `last_day`, inclusive.

    Workflows without an execution in the window are not in the result.
    """
    tallies: dict[UUID, list[Tally]] = defaultdict(list)
    users: dict[UUID, set[UUID]] = defaultdict(set)
    for day in world.window(last_day, length):
        for (user_id, workflow_id), tally in world.days[day].items():
            tallies[workflow_id].append(tally)
            users[workflow_id].add(user_id)
    return {
        workflow_id: Use(Tally.sum(found), frozenset(users[workflow_id]))
        for workflow_id, found in tallies.items()
    }
