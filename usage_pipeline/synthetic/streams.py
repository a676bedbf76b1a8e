"""Where randomness comes from: one independent stream per seed, purpose and day.

A day drawn on its own is therefore the same as within a whole history, and drawing more for
one purpose changes nothing that is drawn for another.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is drawn for. The numbers are part of what a seed means: never reuse one."""

    WORKFLOWS = 1
    USERS = 2
    HABITS = 3
    SCHEDULES = 4
    BACKGROUND = 5
    SEQUENCES = 6
    TIME_PATTERNS = 7
    CONDITIONALS = 8
    NOISE = 9
    MACHINES = 10
    OUTCOMES = 11
    IDS = 12
    DELIVERY = 13
    SHUFFLE = 14
    USER_IDS = 15
    WORKFLOW_IDS = 16


def stream(seed: int, purpose: Purpose, day_index: int = 0) -> np.random.Generator:
    """The generator of one purpose on one day."""
    return np.random.Generator(np.random.PCG64([seed, int(purpose), day_index]))
