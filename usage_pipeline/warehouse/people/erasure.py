"""Forgets one user: their rows everywhere become those of one anonymous user, or go.

One transaction, while nothing is loaded, retired or built. Additive numbers are added to the
anonymous user's, so that every total stays; rows that only describe the person are deleted. Tables
that dbt computes from the daily usage are right again after the next build of the days returned.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions import tracked
from usage_pipeline.warehouse.executions.additive import (
    DURATIONS_KEY,
    DURATIONS_MEASURES,
    ERRORS_KEY,
    ERRORS_MEASURES,
    FACTS,
    USAGE_KEY,
    USAGE_MEASURES,
    add_rows,
)
from usage_pipeline.warehouse.locks import lock_every_day
from usage_pipeline.warehouse.people.forgotten import (
    ANONYMOUS_NAME,
    ANONYMOUS_USER,
    BLANK,
    ERASED_CLASS,
    digest,
    forgotten_users,
    user_of_digest,
)

# Additive tables: what a row is about, and what is summed. All others with a user in them go.
_ADDITIVE = {
    ("raw", "retired_usage"): (USAGE_KEY, USAGE_MEASURES),
    ("raw", "retired_durations"): (DURATIONS_KEY, DURATIONS_MEASURES),
    ("raw", "retired_errors"): (ERRORS_KEY, ERRORS_MEASURES),
    ("marts", "user_workflow_usage"): (
        USAGE_KEY,
        (*USAGE_MEASURES, "first_attempt_count", "workflow_name", "total_duration_seconds"),
    ),
    ("marts", "user_workflow_durations"): (DURATIONS_KEY, DURATIONS_MEASURES),
    ("marts", "user_workflow_errors"): (ERRORS_KEY, ERRORS_MEASURES),
}
# Executions one by one: they become the anonymous user's, and a day loaded again keeps them.
_COPIES = (("raw", "scattered_copies"), ("raw", "retired_copies"))
_MOVED = (("raw", "workflow_executions_simple"), ("raw", "tracked_executions"), *_COPIES)
_TABLES_OF_USERS = """
    select namespace.nspname, class.relname
    from pg_attribute as attribute
    inner join pg_class as class on attribute.attrelid = class.oid
    inner join pg_namespace as namespace on class.relnamespace = namespace.oid
    where attribute.attname = 'user_id' and attribute.attnum > 0
        and class.relkind in ('r', 'p') and not class.relispartition
        and namespace.nspname in ('raw', 'intermediate', 'marts', 'mining')
        and (namespace.nspname, class.relname) <> ('raw', 'forgotten_users')
    order by namespace.nspname, class.relname
"""

# Also users of whom nothing but reports has come in yet, which the next load would make known.
_CALLED = """
    select user_id, min(source) as source from (
        select user_id, source, source_user_id from raw.users
        union all
        select user_id, %(tracked)s, source_user_id from raw.tracked_executions
    ) as users
    where user_id::text = lower(%(text)s) or source_user_id = %(text)s
    group by user_id
    order by source, user_id
"""


@dataclass(frozen=True)
class Erasure:
    """The result of forgetting a user.

    Attributes:
        executions: executions that belong to the anonymous user now.
        retired: executions of retired days that do.
        reports: reports of tracked executions that do.
        deleted: rows that only described the person.
        blanked: rejected rows whose text is gone.
        days: the first and last day the anonymous user has executions of; the marts of these days
            are to be built again. None without any.
        marts_are_built: whether there are marts at all.
    """

    executions: int
    retired: int
    reports: int
    deleted: int
    blanked: int
    days: tuple[date, date] | None
    marts_are_built: bool


def find_user(connection: psycopg.Connection, text: str) -> UUID:
    """The user with this id, ours or the source's, also when they are forgotten already.

    Raises:
        UsageError: nobody is called that, or several are.
    """
    users = connection.execute(_CALLED, {"text": text, "tracked": tracked.TRACKED}).fetchall()
    if len(users) > 1:
        several = ", ".join(f"{user_id} of {source}" for user_id, source in users)
        raise UsageError(f"{len(users)} users are called {text!r}: give the id of one ({several}).")
    user = users[0][0] if users else user_of_digest(connection, text)
    user = user or _named_anywhere(connection, text)
    if user is None:
        raise UsageError(
            f"No user is called {text!r}: give the id that raw.users has in user_id or in "
            "source_user_id."
        )
    if user == ANONYMOUS_USER:
        raise UsageError(f"{text!r} is the anonymous user that stands for everyone forgotten.")
    return UUID(str(user))


def forget_user(warehouse: Warehouse, user: UUID) -> Erasure:
    """Forget a user for good; doing it again changes nothing more.

    To be called while holding the lock under which marts are built (`locks.building`).

    Raises:
        RuntimeError: a table still names the user; nothing was changed.
    """
    with warehouse.connect() as connection:
        lock_every_day(connection)
        _remember(connection, user)
        blanked = _blank_rejected(connection)
        executions = _anonymize(connection, ("raw", "workflow_executions_simple"), user)
        for table in _COPIES:
            _anonymize(connection, table, user)
        reports = tracked.forget_users(connection)
        retired = connection.execute(
            "select coalesce(sum(execution_count), 0) from raw.retired_usage where user_id = %s",
            [user],
        ).fetchone()
        tables = _tables_of_users(connection)
        deleted = 0
        for table in tables:
            if table in _ADDITIVE:
                _move(connection, table, user)
            elif table not in _MOVED:
                deleted += _delete(connection, table, user)
        _erase_classes(connection, tables)
        _prove(connection, tables, user)
        return Erasure(
            executions=executions,
            retired=int(retired[0]) if retired else 0,
            reports=reports,
            deleted=deleted,
            blanked=blanked,
            days=_days_of_anonymous(connection),
            marts_are_built=("marts", "user_workflow_usage") in tables,
        )


def _anonymize(connection: psycopg.Connection, table: tuple[str, str], user: UUID) -> int:
    """Make the executions of a user the anonymous one's; return how many there are."""
    return connection.execute(
        sql.SQL("update {} set user_id = %s, error_message = null where user_id = %s").format(
            sql.Identifier(*table)
        ),
        [ANONYMOUS_USER, user],
    ).rowcount


def _tables_of_users(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(_TABLES_OF_USERS).fetchall()]


def _named_anywhere(connection: psycopg.Connection, text: str) -> UUID | None:
    """The user of this id of ours, when any table names them: of some only a favourite is known."""
    try:
        user = UUID(text)
    except ValueError:
        return None
    statement = sql.SQL("select exists (select from {} where user_id = {})")
    for table in _tables_of_users(connection):
        row = connection.execute(
            statement.format(sql.Identifier(*table), sql.Literal(user))
        ).fetchone()
        if row and row[0]:
            return user
    return None


def _remember(connection: psycopg.Connection, user: UUID) -> None:
    row = connection.execute(
        "select source_user_id from raw.users where user_id = %(user)s "
        "union all select source_user_id from raw.tracked_executions where user_id = %(user)s "
        "limit 1",
        {"user": user},
    ).fetchone()
    connection.execute(
        "insert into raw.forgotten_users (user_id, source_user_id_digest) values (%s, %s) "
        "on conflict (user_id) do update set source_user_id_digest = "
        "coalesce(forgotten_users.source_user_id_digest, excluded.source_user_id_digest)",
        [user, None if row is None else digest(row[0])],
    )
    connection.execute(
        "insert into raw.users (user_id, source, source_user_id) values (%s, %s, %s) "
        "on conflict do nothing",
        [ANONYMOUS_USER, ANONYMOUS_NAME, ANONYMOUS_NAME],
    )


def _blank_rejected(connection: psycopg.Connection) -> int:
    """Erase the text of the rejected rows that mention a forgotten user."""
    forgotten = forgotten_users(connection)
    mentioning: list[int] = []
    with connection.cursor(name="rejected_rows") as cursor:
        cursor.execute(
            "select rejected_id, original from raw.rejected_executions where original <> %s",
            [BLANK],
        )
        mentioning.extend(row[0] for row in cursor if forgotten.are_mentioned_in(row[1]))
    return connection.execute(
        "update raw.rejected_executions set original = %s where rejected_id = any(%s)",
        [BLANK, mentioning],
    ).rowcount


def _move(connection: psycopg.Connection, table: tuple[str, str], user: UUID) -> None:
    key, measures = _ADDITIVE[table]
    target = sql.Identifier(*table)
    missing = {*FACTS, "first_attempt_count"} - _columns(connection, table)
    measures = tuple(measure for measure in measures if measure not in missing)
    columns = [
        sql.Literal(ANONYMOUS_USER) if column == "user_id" else sql.Identifier(column)
        for column in (*key, *measures)
    ]
    add_rows(
        connection,
        target,
        key,
        measures,
        common=sql.SQL("moved as (delete from {} where user_id = {} returning *)").format(
            target, sql.Literal(user)
        ),
        rows=sql.SQL("select {} from moved").format(sql.SQL(", ").join(columns)),
    )


def _erase_classes(connection: psycopg.Connection, tables: list[tuple[str, str]]) -> None:
    """Put one class in the place of those that name somebody who was forgotten, whoever failed."""
    forgotten = forgotten_users(connection)
    erased = sql.Literal(ERASED_CLASS)
    for table in tables:
        if "error_class" not in _columns(connection, table):
            continue
        target = sql.Identifier(*table)
        rows = connection.execute(
            sql.SQL("select distinct error_class from {} where error_class is not null").format(
                target
            )
        ).fetchall()
        named = sql.Literal([text for (text,) in rows if forgotten.are_words_of(text)])
        if table not in _ADDITIVE:
            connection.execute(
                sql.SQL("update {} set error_class = {} where error_class = any({})").format(
                    target, erased, named
                )
            )
            continue
        add_rows(
            connection,
            target,
            ERRORS_KEY,
            ERRORS_MEASURES,
            common=sql.SQL(
                "named as (delete from {} where error_class = any({}) returning *)"
            ).format(target, named),
            rows=sql.SQL(
                "select {key}, {erased}, sum(failure_count) from named group by {key}"
            ).format(key=sql.SQL(", ").join(map(sql.Identifier, USAGE_KEY)), erased=erased),
        )


def _columns(connection: psycopg.Connection, table: tuple[str, str]) -> set[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns "
        "where table_schema = %s and table_name = %s",
        table,
    ).fetchall()
    return {row[0] for row in rows}


def _delete(connection: psycopg.Connection, table: tuple[str, str], user: UUID) -> int:
    statement = sql.SQL("delete from {} where user_id = {}")
    return connection.execute(statement.format(sql.Identifier(*table), sql.Literal(user))).rowcount


def _prove(connection: psycopg.Connection, tables: list[tuple[str, str]], user: UUID) -> None:
    statement = sql.SQL("select exists (select from {} where user_id = {})")
    for table in tables:
        row: Any = connection.execute(
            statement.format(sql.Identifier(*table), sql.Literal(user))
        ).fetchone()
        if row[0]:
            raise RuntimeError(f"{table[0]}.{table[1]} still names the user: nothing was changed")


def _days_of_anonymous(connection: psycopg.Connection) -> tuple[date, date] | None:
    row = connection.execute(
        "select min(execution_date), max(execution_date) from ("
        "select execution_date from raw.workflow_executions_simple where user_id = %(user)s "
        "union all select execution_date from raw.retired_usage where user_id = %(user)s) as days",
        {"user": ANONYMOUS_USER},
    ).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])
