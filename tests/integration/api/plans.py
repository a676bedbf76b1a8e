"""Marts of any size out of one row each, and what the plans of the API's queries scan whole."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import ClientCursor, sql

from usage_pipeline.api.listing import Listing, Paging
from usage_pipeline.api.routes import (
    favourites,
    habits,
    organisation,
    people,
    sequences,
    user,
    workflow_history,
    workflows,
)
from usage_pipeline.warehouse.connection import Warehouse

MODULES = (
    favourites, habits, organisation, people, sequences, user, workflow_history, workflows,
)  # fmt: skip
BIG = 10_000

# By table: its share of the rows, and what tells its rows apart; `n` counts them from 1.
_USER = "md5((n % 100000)::text)::uuid"
_WORKFLOW = "md5('w' || n % 2000)::uuid"
_TABLES: dict[str, tuple[float, dict[str, str]]] = {
    "marts.user_workflow_stats": (
        0.5, {"user_id": _USER, "workflow_id": "md5('w' || n / 100000)::uuid",
              "total_executions": "n % 997", "last_used_at": "now() - n * interval '1 second'"},
    ),
    "marts.workflow_daily_usage": (
        0.1, {"workflow_id": _WORKFLOW, "execution_date": "date '2020-01-01' + (n / 2000)::int"},
    ),
    "marts.organisation_daily_usage": (0.02, {"execution_date": "date '1990-01-01' + n::int"}),
    "marts.popular_workflows": (
        0.1, {"workflow_id": _WORKFLOW, "as_of_date": "date '2020-01-01' + (n / 2000)::int",
              "popularity_rank": "n % 2000"},
    ),
    "marts.workflow_success_rates": (
        0.1, {"workflow_id": _WORKFLOW, "as_of_date": "date '2020-01-01' + (n / 2000)::int"},
    ),
    "marts.workflow_lifecycle": (
        0.02, {"workflow_id": _WORKFLOW, "week_start_date": "date '2020-01-01' + (n / 2000)::int"},
    ),
    "marts.users": (0.02, {"user_id": "md5('v' || n)::uuid", "execution_count": "n"}),
    "marts.workflows": (0.002, {"workflow_id": "md5('w' || n)::uuid"}),
    "mining.daily_hours": (
        0.06, {"user_id": _USER, "workflow_id": _WORKFLOW,
               "execution_date": "date '2026-04-01' + (n / 100000)::int"},
    ),
    "mining.daily_transitions": (
        0.06, {"user_id": _USER, "from_workflow_id": _WORKFLOW,
               "to_workflow_id": "md5('w' || (n + 1) % 2000)::uuid",
               "execution_date": "date '2026-04-01' + (n / 100000)::int"},
    ),
    "mining.workflow_sequence_windows": (
        0.02, {"user_id": _USER, "sequence_id": "md5('s' || n)::uuid"},
    ),
    "mining.usage_patterns": (0.02, {"user_id": _USER, "pattern_id": "md5('p' || n)::uuid"}),
    "mining.usage_insights": (0.02, {"user_id": _USER, "insight_id": "md5('i' || n)::uuid"}),
}  # fmt: skip


def enlarge(connection: psycopg.Connection, rows: int) -> int:
    """Add rows to every table in this transaction; return how many."""
    added = 0
    for table, (share, changed) in _TABLES.items():
        name = sql.Identifier(*table.split("."))
        cursor = connection.execute(sql.SQL("select * from {} limit 0").format(name))
        columns = [each.name for each in cursor.description or ()]
        values = [
            sql.SQL(changed[column]) if column in changed  # type: ignore[arg-type]
            else sql.Identifier("like_this", column)
            for column in columns
        ]  # fmt: skip
        added += connection.execute(
            sql.SQL(
                "insert into {table} ({columns}) select {values} "
                "from (select * from {table} limit 1) as like_this, "
                "generate_series(1, {count}) as n on conflict do nothing"
            ).format(
                table=name,
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(values),
                count=sql.Literal(int(rows * share)),
            )
        ).rowcount
        connection.execute(sql.SQL("analyze {}").format(name))
    return added


_ID = "00000000-0000-4000-8000-000000000000"
_PLACES: dict[Any, Any] = {
    int: 5, float: 0.5, str: "fix_this", UUID: UUID(_ID), date: date(2026, 5, 1),
    datetime: datetime(2026, 5, 1, tzinfo=UTC),
}  # fmt: skip


@dataclass(frozen=True)
class Query:
    """A query of a route, and values for some of what it asks for."""

    name: str
    text: str
    values: dict[str, Any]


def queries() -> Iterator[Query]:
    """Every query of the routes; of a list those of its first page, a later one and a search."""
    for module in MODULES:
        for name, found in vars(module).items():
            yield from _queries_of(f"{module.__name__.rsplit('.', 1)[-1]}.{name}", found)


def _queries_of(name: str, found: Any) -> Iterator[Query]:
    if isinstance(found, Listing):
        asked = Paging(limit=50)
        yield Query(name, found.query(asked)[0], {})
        place = {key.column: _PLACES[key.type.python] for key in found.order}
        cursor = found.next_cursor([place] * 51, asked)
        query, values = found.query(replace(asked, cursor=cursor))
        yield Query(f"{name}, later", query, values)
        if found.searched is not None:
            query, values = found.query(replace(asked, search="report"))
            yield Query(f"{name}, searched", query, values)
    elif isinstance(found, dict):
        for key, each in found.items():
            yield from _queries_of(f"{name}.{key}", each)
    elif isinstance(found, str) and found.strip().startswith(
        ("select", "insert", "update", "delete")
    ):
        yield Query(name, found, {})


class _Values(dict[str, Any]):
    """A value for each name that a query may use."""

    def __missing__(self, name: str) -> Any:
        if name.endswith("_id"):
            return _ID
        if name in ("as_of", "last"):
            return "2026-06-28"
        return {"rows": 51, "first": "2026-04-01", "window": 7, "state": "open", "search": "report",
                "name": "x", "custom_name": None, "category": None, "workflow_ids": [],
                "has_name": True, "has_category": True, "last_allowed": 999,
                "most": 20}[name]  # fmt: skip


def scanned_whole(connection: psycopg.Connection, query: Query, place: dict[str, Any]) -> set[str]:
    """The big tables that a query's plan scans from end to end."""
    with ClientCursor(connection) as cursor:
        cursor.execute("explain (format json) " + query.text, _Values(place | query.values))  # type: ignore[operator]
        row = cursor.fetchone()
    found: set[str] = set()
    waiting = [row[0][0]["Plan"]] if row else []
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node["Node Type"] in ("Seq Scan", "Parallel Seq Scan"):
            found.add(node["Relation Name"])
    if not found:
        return found
    big = connection.execute(
        "select relname from pg_class where relname = any(%s) and reltuples > %s",
        [sorted(found), BIG],
    ).fetchall()
    return {each[0] for each in big}


def whole_scans(warehouse: Warehouse, rows: int) -> dict[str, set[str]]:
    """By query, the big tables that it scans whole when the marts have so many rows."""
    with warehouse.connect() as connection:
        assert enlarge(connection, rows) > 0.9 * rows
        ids = connection.execute(
            "select user_id, workflow_id from marts.user_workflow_stats limit 1"
        ).fetchone()
        assert ids is not None
        place = {"user_id": ids[0], "workflow_id": ids[1]}
        scans = {each.name: scanned_whole(connection, each, place) for each in queries()}
        # The test itself would see a scan.
        whole = Query("", "select count(*) from marts.user_workflow_stats where open_count = 1", {})
        assert scanned_whole(connection, whole, place) == {"user_workflow_stats"}
        connection.rollback()
    assert len(scans) > 40
    return {name: tables for name, tables in scans.items() if tables}
