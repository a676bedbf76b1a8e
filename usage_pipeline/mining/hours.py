"""Hours: when in the local day a user runs a workflow, counted by day.

An execution belongs to the hour and the day of its start, whatever session it is part of.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import execution_dates
from usage_pipeline.mining.columns import INSTANT, days, encode, group, to_dates, to_ids
from usage_pipeline.mining.executions import by_people

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


def execution_hours(executions: pa.Table, zone: str) -> pa.Table:
    """Count first attempts by people by local hour.

    Args:
        executions: columns as `sessions.sessionize` needs them, of one day or several.
        zone: IANA name of the warehouse's zone.

    Returns:
        Rows in `HOURS_SCHEMA`, ordered by user, workflow, day and hour.
    """
    executions = executions.filter(pa.array(by_people(executions)))
    start = executions["start_time"].cast(INSTANT)
    local = pc.local_timestamp(start.cast(pa.timestamp("us", tz=zone)))
    hour = np.asarray(pc.hour(local).to_numpy(), dtype=np.int64)
    day = days(execution_dates(start, zone))
    user, workflow = encode(executions, "user_id"), encode(executions, "workflow_id")
    since = day.min() if len(day) else 0
    groups = group(user.codes, workflow.codes, day - since, hour)
    row = groups.first
    return pa.Table.from_arrays(
        [
            to_ids(user.codes[row], user.values),
            to_ids(workflow.codes[row], workflow.values),
            to_dates(day[row]),
            pa.array(hour[row].astype(np.int16)),
            pa.array(groups.sizes),
        ],
        schema=HOURS_SCHEMA,
    )
