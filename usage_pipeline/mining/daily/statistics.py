"""A day's statistics: the little of its executions that outlives them.

Each day is counted on its own and in any order; everything mined over a window reads these tables
instead of executions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

import pyarrow as pa

from usage_pipeline.mining.daily.hours import execution_hours
from usage_pipeline.mining.daily.sequences import sequence_occurrences
from usage_pipeline.mining.daily.session_days import sessions_closing_on
from usage_pipeline.mining.daily.sessions import (
    Sessions,
    cut_sessions,
)
from usage_pipeline.mining.daily.transitions import step_counts, transitions
from usage_pipeline.mining.executions import Executions, ExecutionsOfUsers
from usage_pipeline.mining.settings import DEFAULT_SESSIONS, SessionSettings


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
        executions: what `session_days.read_executions_of_day` reads for the day; columns as
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
