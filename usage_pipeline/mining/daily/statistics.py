"""A day's statistics: the little of its executions that outlives them.

Each day is counted on its own and in any order; everything mined over a window reads these tables
instead of executions.

- Hours: when in the local day a user runs a workflow. An execution belongs to the hour and the day
  of its start, whatever session it is part of.
- Transitions: which workflow directly follows which inside sessions. Beside them stand the steps,
  which are the opportunities of a transition. Both belong to the day in which the session closes.
  `follow_ups` tells them from chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import execution_dates
from usage_pipeline.mining.columns import (
    Ints,
    day_number,
    days,
    group,
    to_dates,
    to_ids,
    to_instants,
)
from usage_pipeline.mining.daily.sequences import sequence_occurrences
from usage_pipeline.mining.daily.sessions import (
    Sessions,
    closing_days,
    cut_sessions,
    sessions_closing_on,
)
from usage_pipeline.mining.executions import COMPLETED, FAILED, Executions, ExecutionsOfUsers
from usage_pipeline.mining.settings import DEFAULT_SESSIONS, SessionSettings

HOURS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("local_hour", pa.int16(), nullable=False),
        pa.field("execution_count", pa.int64(), nullable=False),
    ]
)
"""One row per user, workflow, day and hour of the warehouse's zone (0 to 23) with executions by
people. Where clocks go back an hour has 120 minutes."""


def execution_hours(
    executions: Executions, zone: str, first: date | None = None, last: date | None = None
) -> pa.Table:
    """Count first attempts by people by local hour.

    Args:
        executions: of one day or several.
        zone: IANA name of the warehouse's zone.
        first: those of earlier days are left out.
        last: those of later days are left out.

    Returns:
        Rows in `HOURS_SCHEMA`, ordered by user, workflow, day and hour.
    """
    start = to_instants(executions.start)
    day = days(execution_dates(start, zone))
    local = pc.local_timestamp(start.cast(pa.timestamp("us", tz=zone)))
    hour = np.asarray(pc.hour(local).to_numpy(), dtype=np.int64)
    inside = np.ones(len(day), dtype=bool)
    if first is not None:
        inside &= day >= day_number(first)
    if last is not None:
        inside &= day <= day_number(last)
    user, workflow = executions.user[inside], executions.workflow[inside]
    day, hour = day[inside], hour[inside]
    since = day.min() if len(day) else 0
    groups = group(user, workflow, day - since, hour)
    row = groups.first
    return pa.Table.from_arrays(
        [
            to_ids(user[row], executions.users),
            to_ids(workflow[row], executions.workflows),
            to_dates(day[row]),
            pa.array(hour[row].astype(np.int16)),
            pa.array(groups.sizes),
        ],
        schema=HOURS_SCHEMA,
    )


TRANSITIONS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("from_workflow_id", pa.string(), nullable=False),
        pa.field("to_workflow_id", pa.string(), nullable=False),
        pa.field("transition_count", pa.int64(), nullable=False),
        pa.field("after_failure_count", pa.int64(), nullable=False),
        pa.field("after_success_count", pa.int64(), nullable=False),
    ]
)
"""One row per user, day and pair of steps that follow each other directly in a session; split by
the status of the first one, which is that of the last of its repeats."""

STEP_COUNTS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("execution_count", pa.int64(), nullable=False),
        pa.field("step_count", pa.int64(), nullable=False),
        pa.field("failed_step_count", pa.int64(), nullable=False),
        pa.field("completed_step_count", pa.int64(), nullable=False),
        pa.field("session_count", pa.int64(), nullable=False),
    ]
)
"""One row per user, day and workflow: its executions in sessions, its steps (direct repeats are
one), and the sessions that it is in. Sessions of a user and day = steps - transitions."""


def transitions(sessions: Sessions, zone: str) -> pa.Table:
    """Count transitions by day, in `TRANSITIONS_SCHEMA`.

    Args:
        sessions: of one day or several.
        zone: IANA name of the warehouse's zone.
    """
    session = sessions.session_of_step
    before = np.flatnonzero(session[1:] == session[:-1])
    workflow, status = sessions.step_workflow, sessions.step_status[before]
    user = sessions.user[session[before]]
    day = closing_days(sessions, zone)[session[before]]
    groups = group(user, day - _least(day), workflow[before], workflow[before + 1])
    row = groups.first
    return pa.Table.from_arrays(
        [
            to_ids(user[row], sessions.users),
            to_dates(day[row]),
            to_ids(workflow[before][row], sessions.workflows),
            to_ids(workflow[before + 1][row], sessions.workflows),
            pa.array(groups.sizes),
            pa.array(groups.sums((status == FAILED).astype(np.int64))),
            pa.array(groups.sums((status == COMPLETED).astype(np.int64))),
        ],
        schema=TRANSITIONS_SCHEMA,
    )


def step_counts(sessions: Sessions, zone: str) -> pa.Table:
    """Count steps by day, in `STEP_COUNTS_SCHEMA`.

    Args:
        sessions: of one day or several.
        zone: IANA name of the warehouse's zone.
    """
    session, status = sessions.session_of_step, sessions.step_status
    user = sessions.user[session]
    day = closing_days(sessions, zone)[session]
    groups = group(user, day - _least(day), sessions.step_workflow)
    row = groups.first
    first_in_session = np.zeros(len(session), dtype=np.int64)
    first_in_session[group(session, sessions.step_workflow).first] = 1
    return pa.Table.from_arrays(
        [
            to_ids(user[row], sessions.users),
            to_dates(day[row]),
            to_ids(sessions.step_workflow[row], sessions.workflows),
            pa.array(groups.sums(sessions.step_repeats)),
            pa.array(groups.sizes),
            pa.array(groups.sums((status == FAILED).astype(np.int64))),
            pa.array(groups.sums((status == COMPLETED).astype(np.int64))),
            pa.array(groups.sums(first_in_session)),
        ],
        schema=STEP_COUNTS_SCHEMA,
    )


def _least(values: Ints) -> int:
    return int(values.min()) if len(values) else 0


@dataclass(frozen=True, slots=True)
class DailyStatistics:
    """The statistics of one day, or of several together.

    Attributes:
        sequences: `sequences.SEQUENCE_OCCURRENCES_SCHEMA`.
        transitions: `transitions.TRANSITIONS_SCHEMA`.
        step_counts: `transitions.STEP_COUNTS_SCHEMA`.
        hours: `hours.HOURS_SCHEMA`.
    """

    sequences: pa.Table
    transitions: pa.Table
    step_counts: pa.Table
    hours: pa.Table

    @classmethod
    def concat(cls, days: "Iterable[DailyStatistics]") -> "DailyStatistics":
        """The statistics of several days together."""
        parts = list(days)
        names = [field.name for field in fields(cls)]
        return cls(*(pa.concat_tables([getattr(day, name) for day in parts]) for name in names))


def day_statistics(
    executions: pa.Table,
    day: date,
    zone: str,
    settings: SessionSettings = DEFAULT_SESSIONS,
    *,
    last: date | None = None,
) -> DailyStatistics:
    """Count one day, or a span of days, which gives the same as each of its days on its own.

    Args:
        executions: what `sessions.read_executions_of_day` reads for the day; columns as
            `sessions.sessionize` needs them.
        day: the day: sessions that close in it, and hours of executions that start in it.
        zone: IANA name of the warehouse's zone.
        settings: the gap and what is a step.
        last: the last day of the span that begins with `day`.
    """

    def count(of_users: Executions) -> DailyStatistics:
        sessions = cut_sessions(of_users, settings)
        closing = sessions_closing_on(sessions, day, zone, last=last)
        return _statistics(closing, execution_hours(of_users, zone, day, last or day), zone)

    return DailyStatistics.concat(ExecutionsOfUsers(executions).map_blocks(count))


def statistics_of_days(
    executions: pa.Table, zone: str, settings: SessionSettings = DEFAULT_SESSIONS
) -> DailyStatistics:
    """Count all days of a complete history at once: the same as each of its days on its own.

    Sessions that are open at the end of the last day are in it, under the day after.
    """

    def count(of_users: Executions) -> DailyStatistics:
        sessions = cut_sessions(of_users, settings)
        return _statistics(sessions, execution_hours(of_users, zone), zone)

    return DailyStatistics.concat(ExecutionsOfUsers(executions).map_blocks(count))


def _statistics(sessions: Sessions, hours: pa.Table, zone: str) -> DailyStatistics:
    return DailyStatistics(
        sequences=sequence_occurrences(sessions, zone),
        transitions=transitions(sessions, zone),
        step_counts=step_counts(sessions, zone),
        hours=hours,
    )
