"""Copies of one execution: which one is kept. DESIGN section 5, "Execution identity", in SQL.

The copy kept is the greatest by (ended, updated at, status rank, content); its start is the
earliest of any copy. `sources/merge.py` says the same on columns.
"""

from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.terms import STATUS_RANK
from usage_pipeline.warehouse.executions.partition import key_stage, unkey_stage

_MERGE = """
with repeated as (
    select source, id from {stage} group by source, id having count(*) > 1
),
ranked as (
    select
        copy.ctid as place,
        copy.source,
        min(copy.start_time) over (partition by copy.source, copy.id) as first_start,
        row_number() over (
            partition by copy.source, copy.id
            order by
                (copy.status <> 'started') desc,
                copy.updated_at desc nulls last,
                array_position({rank}::text[], copy.status::text) desc,
                copy::text desc
        ) as place_in_order
    from {stage} as copy
    inner join repeated using (source, id)
),
started as (
    update {stage} as kept set start_time = ranked.first_start
    from ranked
    where kept.ctid = ranked.place and ranked.place_in_order = 1
        and kept.start_time > ranked.first_start
),
dropped as (
    delete from {stage} using ranked
    where {stage}.ctid = ranked.place and ranked.place_in_order > 1
    returning {stage}.source
)
select source, count(*) from dropped group by source
"""


def merge_copies(
    connection: psycopg.Connection, stage: sql.Identifier, day: date
) -> dict[str, int]:
    """Keep one copy of each execution and give the stage its key; return the rows dropped.

    Returns:
        For each source with copies, how many were dropped.
    """
    try:
        # The index has to be built anyway, and mostly there are no copies.
        with connection.transaction():
            key_stage(connection, day)
        return {}
    except psycopg.errors.UniqueViolation:
        merge = sql.SQL(_MERGE).format(stage=stage, rank=sql.Literal(list(STATUS_RANK)))
        dropped = connection.execute(merge).fetchall()
        key_stage(connection, day)
        return dict(dropped)


def late_rows(
    connection: psycopg.Connection, stage: sql.Identifier, old: sql.Identifier | None
) -> dict[str, int]:
    """How many executions of a stage are not in the partition of their retired day, by source."""
    statement = sql.SQL("select source, count(*) from {} as late group by source").format(stage)
    if old is not None:
        statement = sql.SQL(
            "select source, count(*) from {stage} as late where not exists ("
            "select from {old} as known where known.id = late.id and known.source = late.source) "
            "group by source"
        ).format(stage=stage, old=old)
    return dict(connection.execute(statement).fetchall())


def add_earlier_late_rows(
    connection: psycopg.Connection, stage: sql.Identifier, old: sql.Identifier, day: date
) -> None:
    """Put a partition's rows beside those of a keyed stage; merge copies by the same rule."""
    unkey_stage(connection, day)
    columns = connection.execute(
        "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
        "where attrelid = 'raw.workflow_executions_simple'::regclass and attnum > 0"
    ).fetchone()
    if columns is None:
        raise RuntimeError("the table of executions has no columns")
    listed = sql.SQL(columns[0])
    connection.execute(
        sql.SQL("insert into {stage} ({c}) select {c} from {old}").format(
            stage=stage, old=old, c=listed
        )
    )
    merge_copies(connection, stage, day)
