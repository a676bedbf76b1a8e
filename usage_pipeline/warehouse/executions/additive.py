"""Adding usage to usage: how two rows of one day, user and workflow become one.

Retirement and erasure both merge by this one rule. Which rows are added, they say.
"""

from collections.abc import Sequence
from typing import Final, LiteralString

import psycopg
from psycopg import sql

USAGE_KEY: Final = ("execution_date", "user_id", "workflow_id")
# The columns that schema 0017 added; a mart built before lacks them until the next build.
FACTS: Final = (
    "manual_count", "api_count", "scheduled_count", "chained_count", "untriggered_count",
    "retry_count", "recovered_count", "failed_duration_ms", "cancelled_duration_ms", "failed_cost",
    "cancelled_cost", "waiting_count", "total_waiting_ms", "input_size_count", "total_input_size",
    "output_size_count", "total_output_size",
)  # fmt: skip
USAGE_MEASURES: Final = (
    "execution_count", "success_count", "failure_count", "cancelled_count", "open_count",
    "people_execution_count", "duration_count", "total_duration_ms", "total_cost",
    "first_started_at", "last_started_at", "last_people_started_at", "last_people_failed", *FACTS,
)  # fmt: skip
DURATIONS_KEY: Final = (*USAGE_KEY, "duration_bucket")
DURATIONS_MEASURES: Final = ("duration_count",)
ERRORS_KEY: Final = (*USAGE_KEY, "error_class")
ERRORS_MEASURES: Final = ("failure_count",)

# Sums of what only some executions have: NULL says that none has it.
_KNOWN_SUMS: Final = (
    "total_cost", "failed_cost", "cancelled_cost", "total_waiting_ms", "total_input_size",
    "total_output_size",
)  # fmt: skip
# Any other column is a count: the two are summed, and NULL says that it is not known.
_MERGED: Final[dict[str, LiteralString]] = {
    "workflow_name": "known.workflow_name",
    "total_duration_seconds": "(known.total_duration_ms + excluded.total_duration_ms) / 1000",
    "first_started_at": "least(known.first_started_at, excluded.first_started_at)",
    "last_started_at": "greatest(known.last_started_at, excluded.last_started_at)",
    "last_people_started_at": "greatest(known.last_people_started_at, "
    "excluded.last_people_started_at)",
    "last_people_failed": "case "
    "when excluded.last_people_started_at is null then known.last_people_failed "
    "when known.last_people_started_at is null then excluded.last_people_failed "
    "when known.last_people_started_at > excluded.last_people_started_at "
    "then known.last_people_failed "
    "when known.last_people_started_at < excluded.last_people_started_at "
    "then excluded.last_people_failed "
    "else known.last_people_failed or excluded.last_people_failed end",
}


def add_rows(
    connection: psycopg.Connection,
    target: sql.Identifier,
    key: Sequence[str],
    measures: Sequence[str],
    *,
    common: sql.Composable,
    rows: sql.Composable,
) -> int:
    """Add rows to a table of additive usage; return how many there were.

    Args:
        connection: the transaction.
        target: the table; its unique key is `key`.
        key: the columns that say what a row is about.
        measures: the columns that are merged where the row is there already.
        common: the table expressions that `rows` reads, as they stand after `with`.
        rows: a query of the columns of `key` and `measures`, in that order, one row a key.
    """
    statement = sql.SQL(
        "with {common} insert into {target} as known ({columns}) {rows} "
        "on conflict ({key}) do update set {merged}"
    ).format(
        common=common,
        target=target,
        columns=_listed([*key, *measures]),
        rows=rows,
        key=_listed(key),
        merged=sql.SQL(", ").join(map(_merged, measures)),
    )
    return connection.execute(statement).rowcount


def _listed(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _merged(measure: str) -> sql.Composable:
    if measure in _MERGED:
        value: sql.Composable = sql.SQL(_MERGED[measure])
    elif measure in _KNOWN_SUMS:
        value = sql.SQL(
            "case when known.{0} is null then excluded.{0} "
            "else known.{0} + coalesce(excluded.{0}, 0) end"
        ).format(sql.Identifier(measure))
    else:
        value = sql.SQL("known.{0} + excluded.{0}").format(sql.Identifier(measure))
    return sql.SQL("{} = {}").format(sql.Identifier(measure), value)
