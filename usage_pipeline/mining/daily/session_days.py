"""Which sessions belong to a day, and which executions must be read to find them.

A session belongs to the local day in which it closes, so a day does not need the executions of
a later day. It needs earlier ones, of the users whose session is open at its midnight.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import day_bounds, execution_dates
from usage_pipeline.mining.columns import Ints, Mask, day_number, days, to_instants
from usage_pipeline.mining.daily.sessions import (
    Sessions,
    sessionize,
)
from usage_pipeline.mining.executions import by_people
from usage_pipeline.mining.settings import DEFAULT_SESSIONS, SessionSettings

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
