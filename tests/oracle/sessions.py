"""Where a user's day falls into sessions: the cut alone.

Repeats, the longest session and the day of a session are rules of the mining, not of this module.
"""

from collections.abc import Iterable
from datetime import timedelta

from .model import Execution

LONGEST_PAUSE = timedelta(seconds=300)


def sessions(executions: Iterable[Execution]) -> list[list[Execution]]:
    """One user's first attempts by people, cut where the next starts more than 300.0 s later.

    A pause is a whole timedelta: one of a day and a second is longer than 300 s.
    """
    steps = [found for found in executions if found.by_people and found.attempt == 1]
    found: list[list[Execution]] = []
    for step in sorted(steps, key=lambda step: (step.start_time, step.id)):
        if found and step.start_time - found[-1][-1].start_time <= LONGEST_PAUSE:
            found[-1].append(step)
        else:
            found.append([step])
    return found
