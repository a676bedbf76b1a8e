"""The habits planted into a generated history: who does what again and again.

Habits are planned so that chance cannot imitate or blur them:

- each habit has hours of its own in its user's day, in which nothing else of that user starts,
  and keeps more than 300 s away from their edges: no other execution joins its sessions;
- the workflows of one user's habits are all different, and only the first of a sequence is also
  used outside of it: what a habit ends with is run because of the habit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from usage_pipeline.errors import UsageError
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.participants import Floats, Users, Workflows
from usage_pipeline.synthetic.starts import Ints

MAX_STEPS = 5
MAX_HOURS = 3
NONE = -1

_DAY_HOURS = range(7, 21)
NIGHT_HOUR = 23
_EVERY_NIGHTLY = 10  # one sequence in so many runs over midnight
_WEEKDAY_SETS = ((0, 1, 2, 3, 4), (0, 1, 2, 3, 4), (0, 2, 4), (1, 3), (0,), tuple(range(7)))


@dataclass(frozen=True, slots=True)
class SequenceHabits:
    """`user` runs `steps` (padded with `NONE`) at `hours`, each with `probability`."""

    user: Ints
    steps: Ints
    length: Ints
    hours: Ints
    weekdays: Ints
    probability: Floats


@dataclass(frozen=True, slots=True)
class TimeHabits:
    """`user` runs `workflow` in `hour` of those `weekdays` with `probability`."""

    user: Ints
    workflow: Ints
    hour: Ints
    weekdays: Ints
    probability: Floats


@dataclass(frozen=True, slots=True)
class ConditionalHabits:
    """`user` runs `first` at `hours`, and `then` more often when it failed."""

    user: Ints
    first: Ints
    then: Ints
    hours: Ints
    weekdays: Ints
    failure_rate: Floats
    after_failure: Floats
    after_success: Floats


@dataclass(frozen=True, slots=True)
class Habits:
    """All habits, and what they keep the rest of the history away from.

    `weekdays` is a set of bits, 1 << 0 for Monday. `kept_hours` has the bits of the local hours
    in which no other execution of a user by people starts; `kept_pairs` are (user, workflow)
    that occur in habits only.
    """

    sequences: SequenceHabits
    times: TimeHabits
    conditionals: ConditionalHabits
    kept_hours: Ints
    kept_pairs: Ints


@dataclass(slots=True)
class _Diary:
    """The hours that one user still has free."""

    hours: list[int]
    night_is_free: bool = True
    workflows: set[int] = field(default_factory=set)


class _Planner:
    """Finds users, hours and workflows for one habit after the other."""

    def __init__(self, config: GeneratorConfig, users: Users, workflows: Workflows) -> None:
        self.random = stream(config.seed, Purpose.HABITS)
        wanted = config.sequence_habits + config.time_habits + config.conditional_habits
        # Fewer users than habits, so that some users have several.
        holders = self.random.permutation(users.lasting)[: max(1, (wanted * 5 + 7) // 8)]
        self._holders = holders.tolist()
        self._turn = 0
        self._diaries: dict[int, _Diary] = {}
        self._usable = np.flatnonzero(workflows.lasting)
        self._popularity = 1 / (1 + np.arange(len(self._usable)))
        self._cumulative = np.cumsum(self._popularity) / self._popularity.sum()
        self.kept_hours = np.zeros(config.users, dtype=np.int64)
        self.kept_pairs: list[tuple[int, int]] = []

    def find(self, hours: int, steps: int, *, night: bool = False) -> tuple[int, _Diary]:
        """The next user with room for a habit.

        Raises:
            UsageError: nobody has room any more.
        """
        for _ in range(len(self._holders)):
            user = self._holders[self._turn % len(self._holders)]
            self._turn += 1
            diary = self._diaries.get(user)
            if diary is None:
                diary = _Diary(self.random.permutation(_DAY_HOURS).tolist())
                self._diaries[user] = diary
            has_hours = diary.night_is_free if night else len(diary.hours) >= hours
            if has_hours and len(self._usable) - len(diary.workflows) >= steps:
                return user, diary
        raise UsageError(
            "There is no room for so many habits: ask for fewer habits, or for more users or "
            "workflows."
        )

    def take_hours(self, user: int, diary: _Diary, count: int, *, night: bool) -> list[int]:
        """Hours of the user's day that are for one habit only, padded with `NONE`."""
        if night:
            diary.night_is_free = False
            self.kept_hours[user] |= (1 << NIGHT_HOUR) | 1
            return [NIGHT_HOUR] + [NONE] * (MAX_HOURS - 1)
        hours = sorted(diary.hours.pop() for _ in range(count))
        for hour in hours:
            self.kept_hours[user] |= 1 << hour
        return hours + [NONE] * (MAX_HOURS - count)

    def take_workflows(self, diary: _Diary, count: int) -> list[int]:
        """Different workflows that no habit of the user has yet, popular ones more often."""
        taken: list[int] = []
        for workflow in self._tries():
            if workflow not in diary.workflows:
                diary.workflows.add(workflow)
                taken.append(workflow)
            if len(taken) == count:
                break
        return taken

    def _tries(self) -> Iterator[int]:
        drawn = np.searchsorted(self._cumulative, self.random.random(40), side="right")
        yield from self._usable[np.minimum(drawn, len(self._usable) - 1)].tolist()
        yield from self._usable.tolist()

    def weekdays(self) -> int:
        """A set of weekdays as bits."""
        chosen = _WEEKDAY_SETS[int(self.random.integers(len(_WEEKDAY_SETS)))]
        return sum(1 << weekday for weekday in chosen)


def plan_habits(config: GeneratorConfig, users: Users, workflows: Workflows) -> Habits:
    """Plan all habits of a history.

    Raises:
        UsageError: there are too few users or workflows for so many habits.
    """
    planner = _Planner(config, users, workflows)
    sequences = _plan_sequences(planner, config.sequence_habits)
    conditionals = _plan_conditionals(planner, config.conditional_habits)
    times = _plan_times(planner, config.time_habits)
    pairs = np.array(planner.kept_pairs, dtype=np.int64).reshape(-1, 2)
    return Habits(sequences, times, conditionals, planner.kept_hours, pairs)


def _plan_sequences(planner: _Planner, count: int) -> SequenceHabits:
    random = planner.random
    rows: list[tuple[int, list[int], int, list[int], int]] = []
    shared: list[list[int]] = []
    for number in range(count):
        night = number % _EVERY_NIGHTLY == _EVERY_NIGHTLY - 1
        length = int(random.choice([2, 3, 4, 5], p=[0.3, 0.4, 0.2, 0.1]))
        hours = 1 if night else int(random.integers(1, MAX_HOURS + 1))
        user, diary = planner.find(hours, length, night=night)
        steps = _shared_steps(random, shared, diary)
        if not steps:
            steps = planner.take_workflows(diary, length)
            shared.append(steps)
        taken = planner.take_hours(user, diary, hours, night=night)
        planner.kept_pairs += [(user, step) for step in steps[1:]]
        padded = steps + [NONE] * (MAX_STEPS - len(steps))
        rows.append((user, padded, len(steps), taken, planner.weekdays()))
    return SequenceHabits(
        user=np.array([row[0] for row in rows], dtype=np.int64),
        steps=_matrix([row[1] for row in rows], MAX_STEPS),
        length=np.array([row[2] for row in rows], dtype=np.int64),
        hours=_matrix([row[3] for row in rows], MAX_HOURS),
        weekdays=np.array([row[4] for row in rows], dtype=np.int64),
        probability=random.uniform(0.6, 0.95, count),
    )


def _shared_steps(
    random: np.random.Generator, shared: list[list[int]], diary: _Diary
) -> list[int] | None:
    """Every third time, a colleague's sequence, if the user has all its workflows free."""
    if not shared or random.random() > 1 / 3:
        return None
    steps = shared[int(random.integers(len(shared)))]
    if diary.workflows.intersection(steps):
        return None
    diary.workflows.update(steps)
    return steps


def _plan_times(planner: _Planner, count: int) -> TimeHabits:
    rows = []
    for _ in range(count):
        user, diary = planner.find(1, 1)
        (workflow,) = planner.take_workflows(diary, 1)
        hour = planner.take_hours(user, diary, 1, night=False)[0]
        planner.kept_pairs.append((user, workflow))
        rows.append((user, workflow, hour, planner.weekdays()))
    table = _matrix([list(row) for row in rows], 4)
    probability = planner.random.uniform(0.75, 0.98, count)
    return TimeHabits(table[:, 0], table[:, 1], table[:, 2], table[:, 3], probability)


def _plan_conditionals(planner: _Planner, count: int) -> ConditionalHabits:
    rows, hours = [], []
    for _ in range(count):
        user, diary = planner.find(MAX_HOURS, 2)
        first, then = planner.take_workflows(diary, 2)
        hours.append(planner.take_hours(user, diary, MAX_HOURS, night=False))
        planner.kept_pairs += [(user, first), (user, then)]
        rows.append((user, first, then))
    table = _matrix([list(row) for row in rows], 3)
    return ConditionalHabits(
        user=table[:, 0],
        first=table[:, 1],
        then=table[:, 2],
        hours=_matrix(hours, MAX_HOURS),
        weekdays=np.full(count, 0b0011111, dtype=np.int64),
        failure_rate=planner.random.uniform(0.3, 0.5, count),
        after_failure=planner.random.uniform(0.75, 0.95, count),
        after_success=planner.random.uniform(0.0, 0.08, count),
    )


def _matrix(rows: list[list[int]], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)
