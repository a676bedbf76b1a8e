"""Executions whose copies claim different days: each is of the day of its earliest known start.

All copies of such an execution are kept in `raw.scattered_copies`, one for each day that has one,
and in `raw.retired_copies` once it is retired. The execution is their merge, in the partition of
its day. So a day can be loaded again alone, in any order, and the result is that of all deliveries
together. `copies` holds the rule of merging.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.executions.copies import CONFLICT, content_hash, greatest_first
from usage_pipeline.warehouse.executions.partition import (
    EXECUTION_COLUMNS,
    EXECUTIONS,
    ensure_partition,
    listed,
)
from usage_pipeline.warehouse.executions.rejected import Dropped, drop_rows
from usage_pipeline.warehouse.executions.retired_copies import REACH

_COPIES = sql.Identifier("raw", "scattered_copies")


@dataclass
class Gathered:
    """The result of gathering the copies of other days.

    Attributes:
        refused: copies that name another user than the one kept, by day and source.
        changed: for each other day and source that changed, how many executions it has more.
    """

    refused: Counter[tuple[date, str]] = field(default_factory=Counter)
    changed: Counter[tuple[date, str]] = field(default_factory=Counter)


def other_days(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, sources: Iterable[str]
) -> list[date]:
    """The other days with copies of a stage's executions, or of those the day had before."""
    statement = sql.SQL(
        """
        select execution.execution_date
        from {executions} as execution inner join {stage} as copy using (id, source)
        where execution.execution_date <> {day} and {near}
        union
        select other.execution_date
        from {copies} as other inner join {stage} as copy using (id, source)
        where other.execution_date <> {day}
        union
        select other.execution_date
        from {copies} as other inner join {copies} as own using (id, source)
        where own.execution_date = {day} and own.source = any ({sources})
            and other.execution_date <> {day}
        union
        select other.execution_date
        from raw.retired_copies as other inner join raw.retired_executions as own using (id, source)
        where own.execution_date = {day} and own.source = any ({sources})
            and other.execution_date <> {day}
        """
    ).format(
        executions=EXECUTIONS,
        stage=stage,
        copies=_COPIES,
        day=sql.Literal(day),
        near=_near(day),
        sources=sql.Literal(list(sources)),
    )
    return sorted(row[0] for row in connection.execute(statement).fetchall())


def said_before(
    old: sql.Identifier | None,
    stage: sql.Identifier,
    day: date,
    sources: Iterable[str],
    current: Iterable[str],
) -> sql.Composed:
    """A query of what sources have said of a day, each as its own copies of it say.

    Args:
        old: the partition of the day, if it has one.
        stage: what they say now.
        day: the day.
        sources: the sources.
        current: those of them that say of an execution all there is: their copies now replace the
            ones before.
    """
    own = (
        "select {columns} from {copies} as before "
        "where execution_date = {day} and source = any ({sources}) and {stays}"
    )
    alone = (
        "select {columns} from {old} as before where source = any ({sources}) and {stays} "
        "and not exists (select from {copies} as copy "
        "where copy.id = before.id and copy.source = before.source) union all "
    )
    query = sql.SQL(own) if old is None else sql.SQL(alone + own)
    stays = sql.SQL(
        "not (source = any ({}) and exists (select from {} as now "
        "where now.id = before.id and now.source = before.source))"
    ).format(sql.Literal(list(current)), stage)
    return query.format(
        columns=listed(EXECUTION_COLUMNS),
        old=old,
        copies=_COPIES,
        day=sql.Literal(day),
        sources=sql.Literal(list(sources)),
        stays=stays,
    )


def remove_elsewhere(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, current: Iterable[str]
) -> Counter[tuple[date, str]]:
    """Remove from other days the executions of sources that say all there is of an execution.

    Returns:
        By how many executions other days and sources changed.
    """
    changed: Counter[tuple[date, str]] = Counter()
    for table, near in ((_COPIES, sql.SQL("true")), (EXECUTIONS, _near(day, "old"))):
        rows = connection.execute(
            sql.SQL(
                "delete from {table} as old using {stage} as now "
                "where old.id = now.id and old.source = now.source and old.execution_date <> {day} "
                "and {near} and now.source = any ({current}) "
                "returning old.execution_date, old.source"
            ).format(
                table=table,
                stage=stage,
                day=sql.Literal(day),
                near=near,
                current=sql.Literal(list(current)),
            )
        ).fetchall()
        if table is EXECUTIONS:
            changed.subtract((other, source) for other, source in rows)
    return changed


def gather(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    day: date,
    sources: Iterable[str],
    *,
    rejected_kept: int,
    lock_timeout: float,
) -> Gathered:
    """Bring each execution of a stage to its day, with what copies of other days say.

    Args:
        connection: the load's transaction, which holds the locks of all days concerned.
        stage: all that the sources say of the day, one copy of each execution.
        day: the day.
        sources: the sources that are loaded.
        rejected_kept: how many rejected rows are kept with their text.
        lock_timeout: how long to wait for readers of a day that has no partition yet.
    """
    gathered = Gathered()
    if not _collect(connection, stage, day, sources):
        return gathered
    gathered.refused = _drop_conflicts(connection, rejected_kept).refused
    _merge(connection)
    _settle(connection, stage, day)
    for other in _days_of_others(connection, day):
        ensure_partition(connection, other, lock_timeout)
    gathered.changed = _move(connection, day)
    connection.execute("drop table pg_temp.scattered, pg_temp.gathered")
    return gathered


def _collect(
    connection: psycopg.Connection, stage: sql.Identifier, day: date, sources: Iterable[str]
) -> bool:
    """Make `raw.scattered_copies` hold all copies of the executions concerned; whether any is."""
    values = {
        "copies": _COPIES,
        "executions": EXECUTIONS,
        "stage": stage,
        "day": sql.Literal(day),
        "near": _near(day),
        "sources": sql.Literal(list(sources)),
        "columns": listed(EXECUTION_COLUMNS),
    }
    connection.execute(
        sql.SQL(
            """
            create temporary table scattered on commit drop as
            select id, source from {copies}
            where execution_date = {day} and source = any ({sources})
            union
            select id, source
            from {stage} as copy
            inner join {executions} as execution using (id, source)
            where execution.execution_date <> {day} and {near} and source = any ({sources})
            union
            select id, source
            from {stage} as copy
            inner join {copies} as other using (id, source)
            where other.execution_date <> {day} and source = any ({sources})
            """
        ).format(**values)
    )
    row = connection.execute("select count(*) from pg_temp.scattered").fetchone()
    if not row or not row[0]:
        connection.execute("drop table pg_temp.scattered")
        return False
    for statement in (
        "delete from {copies} where execution_date = {day} and source = any ({sources})",
        # A copy of another day that stood alone until now.
        "insert into {copies} ({columns}) select {columns} from {executions} as execution "
        "inner join pg_temp.scattered using (id, source) "
        "where execution.execution_date <> {day} and {near} and not exists ("
        "select from {copies} as copy where copy.id = execution.id "
        "and copy.source = execution.source)",
        "insert into {copies} ({columns}) select {columns} from {stage} "
        "inner join pg_temp.scattered using (id, source)",
    ):
        connection.execute(sql.SQL(statement).format(**values))
    return True


def _drop_conflicts(connection: psycopg.Connection, rejected_kept: int) -> Dropped:
    dropped = sql.SQL(
        """
        with ranked as (
            select copy.id, copy.source, copy.execution_date, copy.user_id,
                first_value(copy.user_id) over (
                    partition by copy.source, copy.id order by {greatest_first}
                ) as kept_user
            from {copies} as copy
            inner join pg_temp.scattered using (id, source)
        ),
        dropped as (
            delete from {copies} as dropped using ranked
            where dropped.id = ranked.id and dropped.source = ranked.source
                and dropped.execution_date = ranked.execution_date
                and ranked.user_id <> ranked.kept_user
            returning {columns}, true as is_refused
        )
        """
    ).format(
        copies=_COPIES,
        greatest_first=greatest_first("copy"),
        columns=listed(EXECUTION_COLUMNS, "dropped"),
    )
    return drop_rows(connection, dropped, sql.Literal(CONFLICT), rejected_kept)


def _merge(connection: psycopg.Connection) -> None:
    """Merge the copies: `pg_temp.gathered` has each execution as it is, on its day."""
    merged = ("start_time", "execution_date", "created_at")
    own = [column for column in EXECUTION_COLUMNS if column not in merged]
    connection.execute(
        sql.SQL(
            """
            create temporary table gathered on commit drop as
            select {own}, first_start as start_time, home as execution_date,
                home_created_at as created_at, copies
            from (
                select copy.*,
                    row_number() over (
                        partition by copy.source, copy.id order by {greatest_first}
                    ) as rank,
                    first_value(copy.start_time) over earliest as first_start,
                    first_value(copy.execution_date) over earliest as home,
                    first_value(copy.created_at) over earliest as home_created_at,
                    count(*) over (partition by copy.source, copy.id) as copies
                from {copies} as copy
                inner join pg_temp.scattered using (id, source)
                window earliest as (partition by copy.source, copy.id order by copy.start_time)
            ) as ranked
            where rank = 1
            """
        ).format(copies=_COPIES, own=listed(own), greatest_first=greatest_first("copy"))
    )
    connection.execute(
        sql.SQL(
            "delete from {} as copy using pg_temp.gathered as alone "
            "where alone.copies = 1 and copy.id = alone.id and copy.source = alone.source"
        ).format(_COPIES)
    )


def _settle(connection: psycopg.Connection, stage: sql.Identifier, day: date) -> None:
    """Leave in the stage the executions that are of its day."""
    connection.execute(
        sql.SQL(
            "delete from {} as copy using pg_temp.scattered as gone "
            "where copy.id = gone.id and copy.source = gone.source"
        ).format(stage)
    )
    connection.execute(
        sql.SQL(
            "insert into {} ({columns}) select {columns} from pg_temp.gathered "
            "where execution_date = {}"
        ).format(stage, sql.Literal(day), columns=listed(EXECUTION_COLUMNS))
    )


def _move(connection: psycopg.Connection, day: date) -> Counter[tuple[date, str]]:
    """Put the executions of other days where they belong; what is there already stays."""
    changed: Counter[tuple[date, str]] = Counter()
    removed = connection.execute(
        sql.SQL(
            """
            delete from {executions} as old using pg_temp.scattered as moved
            where old.id = moved.id and old.source = moved.source and old.execution_date <> {day}
                and {near}
                and not exists (
                    select from pg_temp.gathered as same
                    where same.id = old.id and same.source = old.source
                        and same.execution_date = old.execution_date
                        and same.start_time = old.start_time and same.status = old.status
                        and same.updated_at is not distinct from old.updated_at
                        and {same} = {old}
                )
            returning old.execution_date, old.source
            """
        ).format(
            executions=EXECUTIONS,
            day=sql.Literal(day),
            near=_near(day, "old"),
            same=content_hash("same"),
            old=content_hash("old"),
        )
    ).fetchall()
    added = connection.execute(
        sql.SQL(
            """
            insert into {executions} ({columns})
            select {columns} from pg_temp.gathered
            where execution_date <> {day} and not exists (
                select from {executions} as same
                where same.id = gathered.id and same.source = gathered.source
                    and same.execution_date = gathered.execution_date
            )
            returning execution_date, source
            """
        ).format(executions=EXECUTIONS, day=sql.Literal(day), columns=listed(EXECUTION_COLUMNS))
    ).fetchall()
    for rows, sign in ((removed, -1), (added, 1)):
        for other, source in rows:
            changed[other, source] += sign
    return changed


def _days_of_others(connection: psycopg.Connection, day: date) -> list[date]:
    rows = connection.execute(
        "select distinct execution_date from pg_temp.gathered where execution_date <> %s", [day]
    ).fetchall()
    return sorted(row[0] for row in rows)


def _near(day: date, relation: str = "execution") -> sql.Composed:
    return sql.SQL("{}.execution_date between {} and {}").format(
        sql.Identifier(relation), sql.Literal(day - REACH), sql.Literal(day + REACH)
    )
