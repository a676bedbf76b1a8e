"""Copies of one execution: which one is kept. DESIGN section 5, "Execution identity".

The copy kept is the greatest by (ended, updated at, status rank, content hash); its start is the
earliest of any copy. A copy that names another user than the kept one is a conflict: it is
rejected, and its start counts for nothing. Whatever merges copies takes the rule from here.
"""

from datetime import date
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from usage_pipeline.terms import STATUS_RANK
from usage_pipeline.warehouse.executions.partition import (
    EXECUTION_COLUMNS,
    key_stage,
    listed,
    unkey_stage,
)
from usage_pipeline.warehouse.executions.rejected import Dropped, drop_rows

# All that a copy says beside its start, its status and its last update. Times are numbers here,
# because their text depends on the session.
_CONTENT: Final[LiteralString] = """hashtextextended(row(
    {copy}.user_id, {copy}.workflow_id, extract(epoch from {copy}.end_time), {copy}.trigger_type,
    {copy}.error_message, {copy}.input_size, {copy}.output_size, {copy}.cost, {copy}.source_status,
    extract(epoch from {copy}.queued_at)
)::text, 0)"""
_GREATEST: Final[LiteralString] = """
    ({copy}.status <> 'started') desc,
    {copy}.updated_at desc nulls last,
    array_position({rank}::text[], {copy}.status::text) desc,
    {content} desc
"""
CONFLICT: Final = "another copy of this execution stands, and names another user"


def content_hash(copy: str) -> sql.Composed:
    """The hash of what a copy says beside its start, its status and its last update."""
    return sql.SQL(_CONTENT).format(copy=sql.Identifier(copy))


def greatest_first(copy: str, content: sql.Composable | None = None) -> sql.Composed:
    """How copies are ordered: the one that is kept first.

    Args:
        copy: the name of the relation in the query.
        content: its content hash, where that is a column of its own.
    """
    return sql.SQL(_GREATEST).format(
        copy=sql.Identifier(copy),
        rank=sql.Literal(list(STATUS_RANK)),
        content=content_hash(copy) if content is None else content,
    )


# The kept row says when a copy of it was delivered last.
_MERGE = """
with repeated as (
    select source, id from {stage} group by source, id having count(*) > 1
),
ranked as (
    select copy.ctid as place, copy.source, copy.id, copy.user_id, copy.start_time, copy.created_at,
        row_number() over ordered as rank,
        first_value(copy.user_id) over ordered as kept_user
    from {stage} as copy
    inner join repeated using (source, id)
    window ordered as (partition by copy.source, copy.id order by {greatest_first})
),
agreeing as (
    select source, id, min(start_time) as start_time, max(created_at) as created_at
    from ranked where user_id = kept_user group by source, id
),
kept as (
    update {stage} as kept
    set start_time = agreeing.start_time, created_at = agreeing.created_at
    from ranked inner join agreeing using (source, id)
    where kept.ctid = ranked.place and ranked.rank = 1
),
dropped as (
    delete from {stage} as dropped using ranked
    where dropped.ctid = ranked.place and ranked.rank > 1
    returning {columns}, ranked.user_id <> ranked.kept_user as is_refused
)
"""


def merge_stage(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, rejected_kept: int
) -> Dropped:
    """Keep one copy of each execution and give the stage its key."""
    try:
        # The index has to be built anyway, and mostly there are no copies.
        with connection.transaction():
            key_stage(connection, day)
        return Dropped()
    except psycopg.errors.UniqueViolation:
        merge = sql.SQL(_MERGE).format(
            stage=stage,
            greatest_first=greatest_first("copy"),
            columns=listed(EXECUTION_COLUMNS, "dropped"),
        )
        dropped = drop_rows(connection, merge, sql.Literal(CONFLICT), rejected_kept)
        key_stage(connection, day)
        return dropped


def merge_into_stage(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    day: date,
    rows: sql.Composable,
    rejected_kept: int,
) -> Dropped:
    """Put further rows beside those of a keyed stage and merge them by the same rule."""
    unkey_stage(connection, day)
    connection.execute(
        sql.SQL("insert into {} ({}) {}").format(stage, listed(EXECUTION_COLUMNS), rows)
    )
    return merge_stage(connection, stage, day, rejected_kept)
