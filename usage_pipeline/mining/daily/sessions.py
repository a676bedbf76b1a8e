"""Sessions: the executions by people that one user starts one soon after the other.

A session is cut where the next start is more than the gap after the previous one. Direct repeats
of a workflow are one step. `sequences` and `statistics` count what sessions have in common.

A session belongs to the local day in which it closes, so a day does not need the executions of
a later day. It needs earlier ones, of the users whose session is open at its midnight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import day_bounds, execution_dates
from usage_pipeline.mining.columns import Ints, Mask, day_number, days, ranges, to_ids, to_instants
from usage_pipeline.mining.executions import Executions, ExecutionsOfUsers, by_people
from usage_pipeline.mining.settings import DEFAULT_SESSIONS, SessionSettings
from usage_pipeline.terms import STATUSES

STEPS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("session_number", pa.int64(), nullable=False),
        pa.field("step_number", pa.int32(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("last_status", pa.string(), nullable=False),
        pa.field("repeat_count", pa.int32(), nullable=False),
    ]
)
"""One row a step; `started_at` and `last_status` are of the first and last of its repeats."""

SESSIONS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("session_number", pa.int64(), nullable=False),
        pa.field("first_started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("last_started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("closes_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("step_count", pa.int64(), nullable=False),
        pa.field("execution_count", pa.int64(), nullable=False),
        pa.field("is_split", pa.bool_(), nullable=False),
    ]
)
"""One row a session; `closes_at` is the gap after its last start."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions and their steps as columns of numbers, ordered by user and start.

    The steps of session i are those from `first_step[i]` on, `step_count[i]` of them. Users and
    workflows number the sorted ids `users` and `workflows`; times are microseconds since 1970.
    """

    users: pa.Array
    workflows: pa.Array
    user: Ints
    first_step: Ints
    step_count: Ints
    execution_count: Ints
    first_start: Ints
    last_start: Ints
    closes_at: Ints
    is_split: Mask
    step_workflow: Ints
    step_start: Ints
    step_status: npt.NDArray[np.int8]
    step_repeats: Ints

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self.user)

    @property
    def session_of_step(self) -> Ints:
        """The number of the session of each step."""
        return np.repeat(np.arange(len(self)), self.step_count)

    def keep(self, selection: Mask) -> "Sessions":
        """The chosen sessions with their steps."""
        steps = ranges(self.first_step[selection], self.step_count[selection])
        step_count = self.step_count[selection]
        return Sessions(
            users=self.users,
            workflows=self.workflows,
            user=self.user[selection],
            first_step=np.cumsum(step_count) - step_count,
            step_count=step_count,
            execution_count=self.execution_count[selection],
            first_start=self.first_start[selection],
            last_start=self.last_start[selection],
            closes_at=self.closes_at[selection],
            is_split=self.is_split[selection],
            step_workflow=self.step_workflow[steps],
            step_start=self.step_start[steps],
            step_status=self.step_status[steps],
            step_repeats=self.step_repeats[steps],
        )

    def sessions_table(self) -> pa.Table:
        """The sessions in `SESSIONS_SCHEMA`."""
        return pa.Table.from_arrays(
            [
                to_ids(self.user, self.users),
                pa.array(np.arange(len(self))),
                to_instants(self.first_start),
                to_instants(self.last_start),
                to_instants(self.closes_at),
                pa.array(self.step_count),
                pa.array(self.execution_count),
                pa.array(self.is_split),
            ],
            schema=SESSIONS_SCHEMA,
        )

    def steps_table(self) -> pa.Table:
        """The steps in `STEPS_SCHEMA`."""
        session = self.session_of_step
        number = np.arange(len(session)) - self.first_step[session] + 1
        return pa.Table.from_arrays(
            [
                to_ids(self.user[session], self.users),
                pa.array(session),
                pa.array(number.astype(np.int32)),
                to_ids(self.step_workflow, self.workflows),
                to_instants(self.step_start),
                pa.array(STATUSES).take(pa.array(self.step_status)),
                pa.array(self.step_repeats.astype(np.int32)),
            ],
            schema=STEPS_SCHEMA,
        )


def sessionize(executions: pa.Table, settings: SessionSettings = DEFAULT_SESSIONS) -> Sessions:
    """Cut executions into sessions.

    Args:
        executions: id, user_id, workflow_id (text), start_time (instant), status, trigger_type
            (text, may be null) and attempt (whole number); in any order.
        settings: the gap and what is a step.

    Returns:
        The sessions of executions by people, with one step or more.

    Raises:
        UsageError: a user or workflow id is null.
    """
    return cut_sessions(ExecutionsOfUsers(executions).all(), settings)


def cut_sessions(executions: Executions, settings: SessionSettings = DEFAULT_SESSIONS) -> Sessions:
    """The sessions of executions in order, such as those of a block of users."""
    user, workflow, start = executions.user, executions.workflow, executions.start
    opens = np.ones(len(start), dtype=bool)
    opens[1:] = (user[1:] != user[:-1]) | (np.diff(start) > settings.gap_us)
    is_step = np.ones(len(start), dtype=bool)
    if settings.collapse_repeats:
        is_step[1:] = opens[1:] | (workflow[1:] != workflow[:-1])
    step_row = np.flatnonzero(is_step)
    whole = np.flatnonzero(opens[step_row])
    lengths = np.diff(whole, append=len(step_row))
    place = np.arange(len(step_row)) - np.repeat(whole, lengths)
    first_step = np.flatnonzero(place % settings.max_steps == 0)
    whole_of_session = np.searchsorted(whole, first_step, side="right") - 1
    last_row = np.append(step_row[1:], len(start))[: len(step_row)] - 1
    first_row = step_row[first_step]
    step_count = np.diff(first_step, append=len(step_row))
    session_last_row = last_row[first_step + step_count - 1]
    whole_last_row = last_row[whole + lengths - 1]
    return Sessions(
        users=executions.users,
        workflows=executions.workflows,
        user=user[first_row],
        first_step=first_step,
        step_count=step_count,
        execution_count=session_last_row - first_row + 1,
        first_start=start[first_row],
        last_start=start[session_last_row],
        closes_at=(start[whole_last_row] + settings.gap_us)[whole_of_session],
        is_split=(lengths > settings.max_steps)[whole_of_session],
        step_workflow=workflow[step_row],
        step_start=start[step_row],
        step_status=executions.status[last_row],
        step_repeats=last_row - step_row + 1,
    )


READ_BACK_DAYS = 6
"""How many days before its own a day's sessions are followed back: with the day itself, the 7
days for which executions are kept. A session that runs on for longer is cut there."""

ReadExecutions = Callable[[datetime, datetime, pa.Array | None], pa.Table]
"""Reads the executions that start from one instant to before another, of these users or (with None)
of all, with the columns that `sessions.sessionize` needs."""


def closing_days(sessions: Sessions, zone: str) -> Ints:
    """The local day in which each session closes, in days since 1970."""
    return days(execution_dates(to_instants(sessions.closes_at), zone))


def sessions_closing_on(
    sessions: Sessions, day: date, zone: str, *, last: date | None = None
) -> Sessions:
    """The sessions that belong to a day, or to a span of days.

    Args:
        sessions: of the day's executions and of those of the sessions open at its beginning, such
            as `read_executions_of_day` gives; others change nothing.
        day: the local day in which the sessions close.
        zone: IANA name of the warehouse's zone.
        last: the last day of the span that begins with `day`.
    """
    return sessions.keep(_is_between(closing_days(sessions, zone), day, last or day))


def first_read(day: date, zone: str, settings: SessionSettings = DEFAULT_SESSIONS) -> datetime:
    """From when on a day needs the executions of all users: a gap before its midnight."""
    return day_bounds(day, zone)[0] - timedelta(microseconds=settings.gap_us)


def users_to_read_back(
    executions: pa.Table,
    read_from: datetime,
    day: date,
    zone: str,
    settings: SessionSettings = DEFAULT_SESSIONS,
    *,
    last: date | None = None,
) -> pa.Array:
    """The users with a session of that day or span that may have begun before anything was read.

    Args:
        executions: what was read, from `read_from` on.
        read_from: the instant from which on executions of these users were read.
        day: the day whose sessions are wanted.
        zone: IANA name of the warehouse's zone.
        settings: the gap and what is a step.
        last: the last day of the span that begins with `day`.

    Returns:
        Their ids, sorted.
    """
    edge = pa.scalar(
        read_from + timedelta(microseconds=settings.gap_us), executions["start_time"].type
    )
    near = pc.less(executions["start_time"], edge)
    people = pa.array(by_people(executions))
    suspects = pc.unique(executions["user_id"].filter(pc.and_(near, people)))
    theirs = executions.filter(pc.is_in(executions["user_id"], value_set=suspects))
    sessions = sessionize(theirs, settings)
    first_of_user = np.ones(len(sessions), dtype=bool)
    first_of_user[1:] = sessions.user[1:] != sessions.user[:-1]
    open_then = sessions.first_start < int(edge.cast(pa.timestamp("us", "UTC")).value)
    closes = _is_between(closing_days(sessions, zone), day, last or day)
    selection = first_of_user & open_then & closes
    return sessions.users.take(pa.array(sessions.user[selection]))


def read_executions_of_day(
    day: date,
    zone: str,
    read: ReadExecutions,
    settings: SessionSettings = DEFAULT_SESSIONS,
    read_back_days: int = READ_BACK_DAYS,
    *,
    last: date | None = None,
) -> pa.Table:
    """Read what a day's sessions need: the day, a gap before it, and open sessions further back.

    A span of days needs the same before its first day, and is read at once.

    Args:
        day: the day in which the sessions close.
        zone: IANA name of the warehouse's zone.
        read: reads executions of a span of time, for all users or some.
        settings: the gap and what is a step.
        read_back_days: at most so many days before it are looked at.
        last: the last day of the span that begins with `day`.

    Returns:
        The executions, each once.
    """
    start, end = first_read(day, zone, settings), day_bounds(last or day, zone)[1]
    executions = read(start, end, None)
    for back in range(1, read_back_days + 1):
        users = users_to_read_back(executions, start, day, zone, settings, last=last)
        if len(users) == 0:
            break
        earlier = day_bounds(day - timedelta(days=back), zone)[0]
        executions = pa.concat_tables([executions, read(earlier, start, users)])
        start = earlier
    return executions


def _is_between(numbers: Ints, first: date, last: date) -> Mask:
    return (numbers >= day_number(first)) & (numbers <= day_number(last))
