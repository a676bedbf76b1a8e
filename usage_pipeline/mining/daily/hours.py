"""Hours: when in the local day a user runs a workflow, counted by day.

An execution belongs to the hour and the day of its start, whatever session it is part of.
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import execution_dates
from usage_pipeline.mining.columns import day_number, days, group, to_dates, to_ids, to_instants
from usage_pipeline.mining.executions import Executions

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
