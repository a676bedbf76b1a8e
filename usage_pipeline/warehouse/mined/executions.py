"""Executions as mining reads them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pyarrow as pa
from psycopg import sql

from usage_pipeline.warehouse.columns import Snapshot
from usage_pipeline.warehouse.mined.blocks import EVERYBODY, UserBlock
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER

# Forgotten users are one user in the counts, but the runs of several people are nobody's habit.
_QUERY = sql.SQL(
    "select id, user_id, workflow_id, start_time, status, trigger_type, attempt "
    "from raw.workflow_executions_simple "
    "where execution_date between {first_date} and {last_date} "
    "and start_time >= {start} and start_time < {end} and user_id <> {anonymous} and {block}"
)


def reader(
    source: Snapshot, block: UserBlock = EVERYBODY
) -> Callable[[datetime, datetime, pa.Array | None], pa.Table]:
    """Read a block's executions from `start` to before `end`, of all its users or of some."""

    def read(start: datetime, end: datetime, users: pa.Array | None) -> pa.Table:
        # A zone is less than a day away from UTC. The dates are there to read few partitions.
        query: sql.Composable = _QUERY.format(
            first_date=sql.Literal(start.date() - timedelta(days=1)),
            last_date=sql.Literal(end.date() + timedelta(days=1)),
            start=sql.Literal(start),
            end=sql.Literal(end),
            anonymous=sql.Literal(ANONYMOUS_USER),
            block=block.where(),
        )
        if users is not None:
            some = sql.Literal(users.to_pylist())
            query = sql.SQL("{} and user_id = any({}::uuid[])").format(query, some)
        return source.read(query)

    return read
