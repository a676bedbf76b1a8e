"""The inputs of mining: executions by columns, and the numbers that insights come from."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.mining.settings import InsightSettings
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


_OF_WORKFLOWS: Final = {
    "workflows": "select workflow_id, workflow_name from marts.workflows",
    "workflow_changes": """
        select
            workflow_id,
            (sum(success_count) filter (where {is_new}))::bigint as recent_success_count,
            (sum(failure_count) filter (where {is_new}))::bigint as recent_failure_count,
            (sum(success_count) filter (where not {is_new}))::bigint as previous_success_count,
            (sum(failure_count) filter (where not {is_new}))::bigint as previous_failure_count
        from marts.workflow_daily_usage
        where execution_date between {first_compared} and {as_of}
        group by workflow_id
    """,
    "workflow_durations": """
        select
            workflow_id,
            duration_bucket,
            (sum(duration_count) filter (where {is_new}))::bigint as recent_count,
            (sum(duration_count) filter (where not {is_new}))::bigint as previous_count
        from marts.user_workflow_durations
        where execution_date between {first_compared} and {as_of}
        group by workflow_id, duration_bucket
    """,
}
_OF_USERS: Final = {
    "user_stats": """
        select user_id, workflow_id, people_execution_count, last_used_date
        from marts.user_workflow_stats where user_id <> {anonymous} and {block}
    """,
    "user_recent": """
        select
            user_id,
            workflow_id,
            sum(execution_count)::bigint as execution_count,
            sum(people_execution_count)::bigint as people_execution_count,
            sum(success_count)::bigint as success_count,
            sum(failure_count)::bigint as failure_count,
            sum(total_cost) as total_cost
        from marts.user_workflow_usage
        where execution_date between {first_recent} and {as_of}
            and user_id <> {anonymous} and {block}
        group by user_id, workflow_id
    """,
    "user_abandoned": """
        select user_id, workflow_id, has_left_altogether
        from marts.user_abandoned_workflows where user_id <> {anonymous} and {block}
    """,
    "favorites": "select user_id, workflow_id from raw.workflow_favorites where {block}",
}
"""For each field of `mining.insights.find.InsightInputs` that the marts give, its query."""

_COUNTED: Final = ("user_stats", "user_recent", "user_abandoned")


def read_workflows(source: Snapshot, as_of: date, settings: InsightSettings) -> dict[str, pa.Table]:
    """The numbers of workflows, by field of `mining.insights.find.InsightInputs`.

    Raises:
        UsageError: the marts are not built yet.
    """
    marts = source.read(
        sql.SQL("select to_regclass('marts.user_abandoned_workflows') is not null as are_there")
    )
    if not marts["are_there"][0].as_py():
        raise UsageError("Insights come from the marts: build these first.")
    values = _values(as_of, settings)
    return {name: source.read(sql.SQL(q).format(**values)) for name, q in _OF_WORKFLOWS.items()}


def read_counted(
    source: Snapshot, as_of: date, settings: InsightSettings, users: UserBlock
) -> dict[str, pa.Table]:
    """The numbers of a block of users that `mining.insights.find.EveryoneCounts` counts."""
    return _read(source, _COUNTED, as_of, settings, users)


def read_users(
    source: Snapshot, as_of: date, settings: InsightSettings, users: UserBlock
) -> dict[str, pa.Table]:
    """The numbers of a block of users, by field of `mining.insights.find.InsightInputs`."""
    return _read(source, _OF_USERS, as_of, settings, users)


def _read(
    source: Snapshot,
    names: Iterable[str],
    as_of: date,
    settings: InsightSettings,
    users: UserBlock,
) -> dict[str, pa.Table]:
    values = _values(as_of, settings) | {"block": users.where()}
    return {name: source.read(sql.SQL(_OF_USERS[name]).format(**values)) for name in names}


def _values(as_of: date, settings: InsightSettings) -> dict[str, sql.Composable]:
    first_new = as_of - timedelta(days=settings.change_days - 1)
    return {
        "anonymous": sql.Literal(ANONYMOUS_USER),
        "as_of": sql.Literal(as_of),
        "first_recent": sql.Literal(as_of - timedelta(days=settings.recent_days - 1)),
        "first_compared": sql.Literal(first_new - timedelta(days=settings.change_previous_days)),
        "is_new": sql.SQL("execution_date >= {}").format(sql.Literal(first_new)),
    }
