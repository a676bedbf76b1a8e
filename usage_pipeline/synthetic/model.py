"""The settings of a generated history: its size, its habits and its faults, and two presets.

Only the description lives here, with the streams of randomness that its seed stands for. Nothing is
drawn or written; the same description always gives the same executions.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from usage_pipeline.errors import UsageError

DirtyKind = Literal[
    "missing_user", "unknown_status", "unreadable_start", "missing_workflow", "not_utf8"
]
DIRTY_KINDS: tuple[DirtyKind, ...] = (
    "missing_user",
    "unknown_status",
    "unreadable_start",
    "missing_workflow",
    "not_utf8",
)

_AT_LEAST_ONE = ("days", "users", "workflows")
_COUNTS = (
    "seed",
    "executions_per_day",
    "sequence_habits",
    "time_habits",
    "conditional_habits",
    "schedules",
    "abandoned_workflows",
    "users_leaving_workflow",
    "users_leaving",
    "bad_workflows",
    "renamed_workflows",
    "degraded_workflows",
)
_SHARES = ("joining_share", "noise", "retry_share", "dirty_share", "duplicate_share", "late_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """The description of a generated history.

    Attributes:
        seed: the seed of everything that is drawn.
        first_day: the first execution date.
        days: how many days there are.
        users: how many users there are by the last day.
        workflows: how many workflows there are.
        executions_per_day: the mean number of executions a day, over a whole week.
        zone: IANA name of the zone in which days begin and people keep their hours.
        sequence_habits: how many (user, A -> B -> ...) are planted; some run over midnight and
            some are shared by several users.
        time_habits: how many (user, workflow, hour, weekdays) are planted.
        conditional_habits: how many (user, "after A fails, B") are planted.
        noise: the share of planted sessions that a stray execution gets into.
        isolated_background: whether no two background executions of a user lie within 300 s, so
            that the planted sessions are the only ones.
        schedules: how many fixed hours at which a workflow is started by a machine.
        joining_share: the share of users that join after the first day.
        abandoned_workflows: workflows that everyone stops using more than 30 days before the end
            (none in a history under 46 days).
        users_leaving_workflow: users who stop using their favourite workflow, likewise.
        users_leaving: users who stop altogether, likewise.
        bad_workflows: workflows that fail every third to second time.
        renamed_workflows: workflows that have another name from the middle on.
        degraded_workflows: in the last 7 days this many workflows fail far more often and this
            many others take three times as long (none in a history under 21 days).
        retry_share: the share of failed background executions that have a second attempt.
        readable_ids: user and workflow ids are texts such as `ana.silva`, otherwise UUIDs.
        execution_ids: `uuid`, or `run` for texts such as `run-20260504-00000017`.
        dirty_share: rows that cannot be loaded, as a share of the executions.
        dirty_kinds: the faults of those rows.
        duplicate_share: further copies of executions, as a share of the executions.
        late_share: the share of executions delivered 1 to 3 days late.
        late_into: whether late ones come in the file of a `later_file` or in a `late_folder`.
    """

    seed: int = 1
    first_day: date = date(2026, 5, 4)
    days: int = 56
    users: int = 120
    workflows: int = 40
    executions_per_day: int = 1_500
    zone: str = "UTC"
    sequence_habits: int = 24
    time_habits: int = 18
    conditional_habits: int = 8
    noise: float = 0.0
    isolated_background: bool = False
    schedules: int = 12
    joining_share: float = 0.25
    abandoned_workflows: int = 3
    users_leaving_workflow: int = 6
    users_leaving: int = 8
    bad_workflows: int = 3
    renamed_workflows: int = 1
    degraded_workflows: int = 1
    retry_share: float = 0.15
    readable_ids: bool = False
    execution_ids: Literal["uuid", "run"] = "uuid"
    dirty_share: float = 0.0
    dirty_kinds: tuple[DirtyKind, ...] = DIRTY_KINDS
    duplicate_share: float = 0.0
    late_share: float = 0.0
    late_into: Literal["later_file", "late_folder"] = "later_file"

    def __post_init__(self) -> None:
        """Refuse a description that cannot be generated.

        Raises:
            UsageError: a value is out of its range.
        """
        for names, least in ((_AT_LEAST_ONE, 1), (_COUNTS, 0)):
            for name in names:
                if getattr(self, name) < least:
                    raise UsageError(f"{name} must be {least} or more.")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must lie between 0 and 1.")
        if self.dirty_share > 0 and not self.dirty_kinds:
            raise UsageError("dirty_kinds is empty: name the faults, or set dirty_share to 0.")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{self.zone!r} is no time zone: use an IANA name such as Europe/Berlin."
            raise UsageError(message) from error

    @property
    def last_day(self) -> date:
        """The last execution date."""
        return self.first_day + timedelta(days=self.days - 1)

    def day_index(self, day: date) -> int:
        """The number of a day, 0 for the first.

        Raises:
            UsageError: the day is not one of this history.
        """
        index = (day - self.first_day).days
        if not 0 <= index < self.days:
            raise UsageError(
                f"{day} is not generated: choose a day from {self.first_day} to {self.last_day}."
            )
        return index


DEMO = GeneratorConfig(
    seed=20_260_628,
    readable_ids=True,
    dirty_share=0.004,
    duplicate_share=0.01,
)
"""Eight weeks of a small organisation that end on Sunday 2026-06-28; takes seconds.

The command `demo` makes the same organisation with eight weeks that end yesterday.
"""

LARGE = GeneratorConfig(
    users=200_000,
    workflows=5_000,
    executions_per_day=180_000,
    sequence_habits=6_000,
    time_habits=3_000,
    conditional_habits=1_500,
    schedules=2_000,
    abandoned_workflows=40,
    users_leaving_workflow=500,
    users_leaving=4_000,
    bad_workflows=150,
    renamed_workflows=20,
    degraded_workflows=15,
)
"""Ten million executions of 200,000 users in eight weeks."""


class Purpose(IntEnum):
    """The purposes of random streams. A seed means these numbers: never reuse one."""

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
