"""Hypothesis strategies for small worlds that lie on the edges of the definitions.

A world is a few users and workflows in the last 250 days before a fixed as-of day. Its habits put
days of use at the ages where rules change (7, 28, 30, 120 days); its odd executions bring ties,
midnights, missing ends and machines. Worlds share no user and no workflow, so that many of them
can be put into one warehouse and built at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from .model import Execution, KnownUser, KnownWorkflow

AS_OF_DAY = date(2026, 3, 4)  # a Wednesday: the last week is incomplete
OLDEST = 250
NAMESPACE = UUID("00000000-0000-4000-8000-000000000000")
EDGES = (0, 0, 1, 6, 7, 8, 13, 14, 20, 21, 27, 28, 29, 30, 31, 33, 36, 42, 55, 56, 83, 84, 120)
STATUSES = ("completed", "failed", "cancelled", "started")
TRIGGERS = ("manual", "api", None, "scheduled", "chained")


@dataclass(frozen=True)
class Run:
    """What an execution is like, whoever ran it on whichever day."""

    at: time
    duration: timedelta | None
    status: str
    trigger: str | None
    cost: Decimal | None
    attempt: int
    waiting: timedelta | None
    input_size: int | None
    output_size: int | None
    error_class: str | None


@dataclass(frozen=True)
class SmallWorld:
    """Executions with the names of their workflows and the days that are loaded but empty."""

    executions: list[Execution]
    names: dict[UUID, KnownWorkflow]
    users: dict[UUID, KnownUser]
    empty_days: set[date]

    @property
    def ledger_days(self) -> set[date]:
        """The loaded days: those with executions and the empty ones."""
        return {execution.execution_date for execution in self.executions} | self.empty_days


TIMES = st.sampled_from(
    [
        time(0, 0),
        time(0, 0, 0, 1),
        time(9, 30),
        time(9, 30, 0, 500_000),
        time(23, 59, 59, 999_999),
    ]
)
DURATIONS = st.one_of(
    st.sampled_from([None, *(timedelta(milliseconds=ms) for ms in (0, 0.999, 1, 1.999, 999))]),
    st.sampled_from([timedelta(seconds=s) for s in (1, 300, 300.2, 3600, 86_400, 90_061.5)]),
    st.integers(0, 10**12).map(lambda microseconds: timedelta(microseconds=microseconds)),
)
COSTS = st.sampled_from([None, "0", "0.000001", "12.345678", "999999999999.999999"]).map(
    lambda text: None if text is None else Decimal(text)
)
WAITS = st.sampled_from(
    [None, None, *(timedelta(milliseconds=ms) for ms in (0, 0.999, 1.5, 60_000, -1))]
)
SIZES = st.sampled_from([None, None, 0, 1, 2**63 - 1])
ERROR_CLASSES = st.sampled_from([None, "time-out after <number>", "ümläut <text>", "x" * 200])
NAMES = st.sampled_from([None, "Nightly build", 'O\'Neil "x", \\N', "ümläut ✓", "n" * 255])
AGES = st.one_of(st.sampled_from(EDGES), st.integers(0, 130))


@st.composite
def runs(draw: st.DrawFn, triggers: tuple[str | None, ...] = TRIGGERS) -> Run:
    """Any execution: also one that is completed without an end, or open with one."""
    return Run(
        at=draw(TIMES),
        duration=draw(DURATIONS),
        status=draw(st.sampled_from(STATUSES)),
        trigger=draw(st.sampled_from(triggers)),
        cost=draw(COSTS),
        attempt=draw(st.sampled_from([1, 1, 2, 3])),
        waiting=draw(WAITS),
        input_size=draw(SIZES),
        output_size=draw(SIZES),
        error_class=draw(ERROR_CLASSES),
    )


@st.composite
def rhythms(draw: st.DrawFn) -> set[int]:
    """The ages in days at which a habit shows.

    The edges; a streak; every so many days; or every so many days until three times as many ago,
    which is just not, just, or just longer abandoned.
    """
    kind = draw(st.sampled_from(["given up", "steps", "edges", "streak"]))
    if kind == "edges":
        return draw(st.sets(AGES, min_size=1, max_size=6))
    if kind == "given up":
        step, days = draw(st.sampled_from([8, 10, 11, 13, 20, 39, 40, 41])), 4
        newest = max(30, min(120, 3 * step)) + draw(st.sampled_from([0, -1, 1]))
    else:
        step = 1 if kind == "streak" else draw(st.sampled_from([2, 3, 7, 10, 14, 28, 41]))
        newest, days = draw(AGES), draw(st.sampled_from([4, 5, 7, 10, 13, 14, 16]))
    return {age for age in range(newest, newest + step * days, step) if age <= OLDEST}


@st.composite
def habits(draw: st.DrawFn, users: int, workflows: int) -> list[tuple[int, int, int, Run]]:
    """One user's rhythm with one workflow, or the same days of several users with one."""
    workflow, ages = draw(st.integers(0, workflows - 1)), draw(rhythms())
    usual = draw(runs(triggers=("manual", "api", None, None, "scheduled")))
    crowd = draw(st.sampled_from([1, 1, 1, 1, 1, 5, 6, 7]))
    first = 0 if crowd > 1 else draw(st.integers(0, users - 1))
    return [
        (user, workflow, age, usual)
        for user in range(first, min(first + crowd, users))
        for age in sorted(ages)
    ]


@st.composite
def worlds(draw: st.DrawFn, label: str = "world") -> SmallWorld:
    """A small world, made of up to 5 habits and up to 8 odd executions.

    Args:
        draw: given by Hypothesis.
        label: what the ids are made of; worlds of different labels share none.
    """
    users, workflows = draw(st.sampled_from([7, 8, 6, 2, 1])), draw(st.integers(1, 3))
    habit = habits(users, workflows)
    plan = [run for runs in draw(st.lists(habit, min_size=1, max_size=5)) for run in runs]
    odd = st.tuples(st.integers(0, users - 1), st.integers(0, workflows - 1), AGES, runs())
    plan += draw(st.lists(odd, max_size=8))
    names = {
        _id(label, "workflow", number): KnownWorkflow(draw(NAMES), "test", f"{label}/{number}")
        for number in range(workflows)
    }
    known_users = {
        _id(label, "user", number): KnownUser("test", f"{label}/{number}")
        for number in range(users)
    }
    executions = [_execution(label, number, *planned) for number, planned in enumerate(plan)]
    empty = draw(st.sets(AGES, max_size=3))
    return SmallWorld(
        executions, names, known_users, {AS_OF_DAY - timedelta(days=age) for age in empty}
    )


def many_worlds(count: int, number: int) -> list[SmallWorld]:
    """Draw `count` worlds, the same ones for the same number: one build can test them all."""
    found: list[SmallWorld] = []

    @seed(number)
    @settings(max_examples=count, phases=[Phase.generate], database=None, deadline=None)
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        found.append(data.draw(worlds(f"world {number}.{len(found)}")))

    collect()
    return found


def together(small: Iterable[SmallWorld]) -> SmallWorld:
    """One world of many. The as-of day is always loaded."""
    executions: list[Execution] = []
    names: dict[UUID, KnownWorkflow] = {}
    users: dict[UUID, KnownUser] = {}
    empty = {AS_OF_DAY}
    for world in small:
        executions += world.executions
        names |= world.names
        users |= world.users
        empty |= world.empty_days
    return SmallWorld(executions, names, users, empty)


def _execution(label: str, number: int, user: int, workflow: int, age: int, run: Run) -> Execution:
    day = AS_OF_DAY - timedelta(days=age)
    start = datetime.combine(day, run.at, UTC)
    return Execution(
        id=_id(label, "execution", number),
        user_id=_id(label, "user", user),
        workflow_id=_id(label, "workflow", workflow),
        execution_date=day,
        start_time=start,
        end_time=None if run.duration is None else start + run.duration,
        status=run.status,
        trigger_type=run.trigger,
        cost=run.cost,
        source="test",
        source_id=f"{label}/{number}",
        attempt=run.attempt,
        queued_at=None if run.waiting is None else start - run.waiting,
        input_size=run.input_size,
        output_size=run.output_size,
        error_class=run.error_class if run.status == "failed" else None,
    )


def _id(label: str, kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE, f"{label}/{kind}/{number}")
