"""Delivered executions whose day is retired: which were counted already, and which take that back.

A complete delivery that holds every execution counted of its source reopens the day: what was
counted of the source is taken back, and the day is counted anew from executions. From any other
delivery a counted execution is dropped here: one that says the same is held already, one that says
something else is rejected. How counted usage is stored stands in the migrations alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, LiteralString

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.terms import STATUS_RANK
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.executions.copies import content_hash, greatest_first
from usage_pipeline.warehouse.executions.partition import EXECUTION_COLUMNS, listed
from usage_pipeline.warehouse.executions.rejected import Dropped, drop_rows
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER

FormerIds = Callable[[pa.Table], pa.Array]
"""The ids that executions had before schema 0014, of rows in the canonical schema."""

# Copies of one execution are looked for so far around a day. A copy that claims a day further away
# is another execution.
REACH: Final = timedelta(days=31)
_FORMER = sql.Identifier("pg_temp", "former_ids")
_TOO_LATE: Final = (
    "its day is retired and has counted it differently: load all of the day again to correct it"
)

# Whether a copy would change what was counted of an execution: it is greater, or starts earlier.
# Nothing is known of those retired before schema 0016, nor of what forgotten users ran.
_SAYS_MORE: Final[LiteralString] = """(
    counted.content_hash is not null and late.user_id <> {anonymous}
    and (
        late.start_time < counted.start_time
        or (
            (late.status <> 'started'), coalesce(late.updated_at, '-infinity'),
            array_position({rank}::text[], late.status::text), {content}
        ) > (
            (counted.status <> 'started'), coalesce(counted.updated_at, '-infinity'),
            array_position({rank}::text[], counted.status::text), counted.content_hash
        )
    )
)"""


@dataclass(frozen=True)
class Counted:
    """The ids of a source's retired executions of a day, and what a delivery has of them.

    Attributes:
        remembered: how many there are.
        former: how many of them are of before schema 0014 and not in the delivery.
        delivered: how many of them the delivery has.
        corrected: how many of them it tells differently.
    """

    remembered: int
    former: int
    delivered: int
    corrected: int


def note_former_ids(connection: psycopg.Connection, batch: pa.Table, former: FormerIds) -> None:
    """Remember for this transaction which ids delivered executions had before schema 0014."""
    connection.execute(
        "create temporary table if not exists former_ids (id uuid, source text, former_id uuid) "
        "on commit drop"
    )
    ids = pa.table({"id": batch["id"], "source": batch["source"], "former_id": former(batch)})
    copy_batch(connection, _FORMER, ids)


def has_former_ids(connection: psycopg.Connection, day: date, source: str) -> bool:
    """Whether executions of a day and source were retired before schema 0014."""
    row = connection.execute(
        "select exists (select from raw.retired_executions "
        "where execution_date = %s and source = %s and is_former)",
        [day, source],
    ).fetchone()
    return bool(row and row[0])


def compare(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, source: str, *, renew: bool
) -> Counted:
    """Compare what is counted of a source with what a stage holds.

    Args:
        connection: the load's transaction.
        stage: what was delivered.
        day: the day.
        source: the source's name.
        renew: whether the former ids of what was delivered were noted.
    """
    values = {
        "stage": stage,
        "day": sql.Literal(day),
        "source": sql.Literal(source),
        "content": content_hash("late"),
        "greatest_first": greatest_first("copy"),
    }
    if renew and has_former_ids(connection, day, source):
        connection.execute(sql.SQL(_RENEW).format(**values))
    row = connection.execute(sql.SQL(_COMPARE).format(**values)).fetchone()
    return Counted(*(row or (0, 0, 0, 0)))


# Several workflows may have shared one former id: it was that of the greatest copy.
_RENEW: Final[LiteralString] = """
with renewed as (
    select distinct on (former.former_id) former.former_id, copy.id
    from pg_temp.former_ids as former
    inner join {stage} as copy using (id, source)
    where former.source = {source}
    order by former.former_id, {greatest_first}
)
update raw.retired_executions as retired set id = renewed.id, is_former = false
from renewed
where retired.execution_date = {day} and retired.source = {source}
    and retired.is_former and retired.id = renewed.former_id
"""
_COMPARE: Final[LiteralString] = """
select
    count(*),
    count(*) filter (where late.id is null and counted.is_former),
    count(late.id),
    count(late.id) filter (where counted.content_hash is not null and (
        late.start_time <> counted.start_time or late.status <> counted.status
        or {content} <> counted.content_hash
    ))
from raw.retired_executions as counted
left join {stage} as late using (id, source)
where counted.execution_date = {day} and counted.source = {source}
"""


def can_take_back(connection: psycopg.Connection, day: date, sources: Iterable[str]) -> bool:
    """Whether what these sources have left behind on a day can be told from what others have."""
    row = connection.execute(
        """
        select
            not exists (
                select from raw.load_ledger
                where execution_date = %(day)s and retired_count > 0
                    and source <> all (%(sources)s)
            ) or (
                not exists (
                    select from raw.retired_workflows as own
                    inner join raw.retired_workflows as other using (execution_date, workflow_id)
                    where own.execution_date = %(day)s and own.source = any (%(sources)s)
                        and other.source <> all (%(sources)s)
                )
                and (
                    select coalesce(sum(execution_count), 0) from raw.retired_workflows
                    where execution_date = %(day)s
                ) = (
                    select sum(retired_count) from raw.load_ledger where execution_date = %(day)s
                )
            )
        """,
        {"day": day, "sources": list(sources)},
    ).fetchone()
    return bool(row and row[0])


def take_back(connection: psycopg.Connection, day: date, sources: list[str]) -> None:
    """Take back what sources have left behind on a day; their executions are in the stage."""
    if not sources:
        return
    values = {"day": day, "sources": sources}
    connection.execute(
        """
        select raw.take_back_retired(%(day)s, case
            when exists (
                select from raw.load_ledger
                where execution_date = %(day)s and retired_count > 0
                    and source <> all (%(sources)s)
            )
            then array(
                select workflow_id from raw.retired_workflows
                where execution_date = %(day)s and source = any (%(sources)s)
            )
        end)
        """,
        values,
    )
    connection.execute(
        """
        with taken_back as (
            delete from raw.retired_copies as copy using raw.retired_executions as counted
            where counted.execution_date = %(day)s and counted.source = any (%(sources)s)
                and copy.id = counted.id and copy.source = counted.source
            returning copy.*
        )
        insert into raw.scattered_copies select * from taken_back
        """,
        values,
    )
    for table in ("retired_executions", "retired_workflows"):
        connection.execute(
            sql.SQL(
                "delete from {} where execution_date = %(day)s and source = any (%(sources)s)"
            ).format(sql.Identifier("raw", table)),
            values,
        )
    connection.execute(
        "update raw.load_ledger set retired_at = null, retired_count = 0, ids_forgotten_at = null "
        "where execution_date = %(day)s and source = any (%(sources)s)",
        values,
    )


def drop_counted(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, rejected_kept: int
) -> tuple[Dropped, Counter[str]]:
    """Take out of a stage what retired days have counted.

    Returns:
        The dropped rows, and by source how many of the duplicates this day itself holds.
    """
    if not _any_counted(connection, day):
        return Dropped(), Counter()
    says_more = sql.SQL(_SAYS_MORE).format(
        anonymous=sql.Literal(ANONYMOUS_USER),
        rank=sql.Literal(list(STATUS_RANK)),
        content=content_hash("late"),
    )
    near = sql.SQL("counted.execution_date between {} and {}").format(
        sql.Literal(day - REACH), sql.Literal(day + REACH)
    )
    counts = connection.execute(
        sql.SQL(
            "select late.source, count(*) from {stage} as late "
            "inner join raw.retired_executions as counted using (id, source) "
            "where counted.execution_date = {day} and not {says_more} group by late.source"
        ).format(stage=stage, day=sql.Literal(day), says_more=says_more)
    ).fetchall()
    dropped = sql.SQL(
        "with dropped as (delete from {stage} as late using raw.retired_executions as counted "
        "where {near} and counted.id = late.id and counted.source = late.source "
        "returning {columns}, {says_more} as is_refused)"
    ).format(stage=stage, near=near, columns=listed(EXECUTION_COLUMNS, "late"), says_more=says_more)
    return (
        drop_rows(connection, dropped, sql.Literal(_TOO_LATE), rejected_kept),
        Counter(dict(counts)),
    )


def refuse_shared(day: date, sources: Iterable[str]) -> None:
    """Refuse to count anew what cannot be told from what other sources have said.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"{day} is retired, and other sources than {', '.join(sorted(sources))} have counted "
        "executions of the same workflows: declare all of them in the sources file, each "
        f"delivering every execution that was counted, and load them together with usage-pipeline "
        f"run {day}. Nothing was loaded for it."
    )


def refuse_unknown(day: date, source: str) -> None:
    """Refuse a delivery that may say again what was counted of a day.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"{day} is retired, and the ids of its executions of {source!r} are gone "
        "(USAGE_RETIRED_IDS_DAYS) or of an earlier version: a late execution can no longer be told "
        "from a counted one, so nothing was loaded for it. To count the day anew from a complete "
        "delivery, load it with --replace-retired."
    )


def _any_counted(connection: psycopg.Connection, day: date) -> bool:
    row = connection.execute(
        "select exists (select from raw.retired_executions where execution_date between %s and %s)",
        [day - REACH, day + REACH],
    ).fetchone()
    return bool(row and row[0])
