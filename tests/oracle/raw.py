"""Puts executions into the raw tables as a load would leave them, without any code of the load."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

import psycopg
from psycopg import sql

from .daily import user_workflow_durations, user_workflow_errors, user_workflow_usage
from .model import Execution, KnownUser, KnownWorkflow, World

COLUMNS = (
    "id", "user_id", "workflow_id", "start_time", "end_time", "status", "trigger_type", "cost",
    "execution_date", "source", "source_id", "attempt", "updated_at", "queued_at", "input_size",
    "output_size", "error_class",
)  # fmt: skip
SOURCE = "test"
_NOT_RETIRED = {"workflow_name", "total_duration_seconds", "first_attempt_count"}


def put_days(
    connection: psycopg.Connection, days: Iterable[date], executions: Iterable[Execution]
) -> None:
    """Replace the given days by their executions among the given ones; other days stay."""
    days = sorted(days)
    wanted = set(days)
    chosen = [one for one in executions if one.execution_date in wanted]
    for day in days:
        _make_partition(connection, day)
    connection.execute(
        "delete from raw.workflow_executions_simple where execution_date = any(%s)", [days]
    )
    names = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    copy = sql.SQL("copy raw.workflow_executions_simple ({}) from stdin").format(names)
    with connection.cursor().copy(copy) as rows:
        for one in chosen:
            rows.write_row([getattr(one, column) for column in COLUMNS])
    counts = Counter(one.execution_date for one in chosen)
    for day in days:
        connection.execute(
            "insert into raw.load_ledger (execution_date, source, read_count, loaded_count, "
            "rejected_count, duplicate_count) values (%(day)s, %(source)s, %(n)s, %(n)s, 0, 0) "
            "on conflict (execution_date, source) do update "
            "set read_count = excluded.read_count, loaded_count = excluded.loaded_count, "
            "loaded_at = clock_timestamp()",
            {"day": day, "source": SOURCE, "n": counts[day]},
        )


def put_names(connection: psycopg.Connection, names: Mapping[UUID, KnownWorkflow]) -> None:
    """Make the given names the latest known ones."""
    connection.cursor().executemany(
        "insert into raw.workflows (workflow_id, workflow_name, source, source_workflow_id) "
        "values (%s, %s, %s, %s) on conflict (workflow_id) do update "
        "set workflow_name = excluded.workflow_name",
        [(key, known.name, known.source, known.source_workflow_id) for key, known in names.items()],
    )


def put_users(connection: psycopg.Connection, users: Mapping[UUID, KnownUser]) -> None:
    """Make the given users known."""
    connection.cursor().executemany(
        "insert into raw.users (user_id, source, source_user_id) values (%s, %s, %s) "
        "on conflict (user_id) do nothing",
        [(key, known.source, known.source_user_id) for key, known in users.items()],
    )


def retire(
    connection: psycopg.Connection, days: Iterable[date], executions: Iterable[Execution]
) -> None:
    """Replace the executions of the given days by what they add up to."""
    wanted = set(days)
    chosen = [one for one in executions if one.execution_date in wanted]
    world = World(chosen, {}, {}, wanted, max(wanted))
    for table, rows in (
        ("retired_usage", user_workflow_usage(world)),
        ("retired_durations", user_workflow_durations(world)),
        ("retired_errors", user_workflow_errors(world)),
    ):
        if not rows:
            continue
        columns = [name for name in rows[0] if name not in _NOT_RETIRED]
        statement = sql.SQL("insert into raw.{} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        connection.cursor().executemany(
            statement, [[row[name] for name in columns] for row in rows]
        )
    connection.execute(
        "delete from raw.workflow_executions_simple where execution_date = any(%s)", [list(wanted)]
    )
    for day, count in Counter(one.execution_date for one in chosen).items():
        connection.execute(
            "update raw.load_ledger set retired_at = clock_timestamp(), retired_count = %s "
            "where execution_date = %s",
            [count, day],
        )


def _make_partition(connection: psycopg.Connection, day: date) -> None:
    connection.execute(
        sql.SQL(
            "create table if not exists {} partition of raw.workflow_executions_simple "
            "for values from ({}) to ({})"
        ).format(
            sql.Identifier("raw", f"workflow_executions_simple_{day:%Y%m%d}"),
            sql.Literal(day),
            sql.Literal(day + timedelta(days=1)),
        )
    )
