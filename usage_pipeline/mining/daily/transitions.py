"""Transitions: which workflow directly follows which inside sessions, counted by day.

Beside them stand the steps, which are the opportunities of a transition. Both belong to the day in
which the session closes. `follow_ups` tells them from chance.
"""

import numpy as np
import pyarrow as pa

from usage_pipeline.mining.columns import Ints, group, to_dates, to_ids
from usage_pipeline.mining.daily.session_days import closing_days
from usage_pipeline.mining.daily.sessions import Sessions
from usage_pipeline.mining.executions import COMPLETED, FAILED

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
