"""The declarations of the guides read what the databases of real systems held."""

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from tests.conftest import CHECKOUT
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.warehouse.connection import Warehouse

_ROWS = Path(os.environ.get("USAGE_REAL_DATA", CHECKOUT.parent / "shared" / "data")) / "systems"
_DAY = date(2026, 11, 25)
pytestmark = pytest.mark.skipif(not _ROWS.is_dir(), reason="the recorded rows are not here")
Tables = Mapping[str, list[dict[str, Any]]]


def declaration(page: str, number: int) -> dict[str, Any]:
    """The declaration of the kind `sql` that a guide gives."""
    text = (CHECKOUT / "docs" / "sources" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    declared: dict[str, Any] = yaml.safe_load(blocks[number])[0]
    assert declared["kind"] == "sql"
    return declared


def read(declared: dict[str, Any], url: str, folder: Path) -> list[dict[str, Any]]:
    """The executions of the day; none may be rejected."""
    config = SourceConfig.model_validate({**declared, "url": "${DATABASE}"})
    source = open_source(
        config, folder / "spool", "UTC", first=_DAY, last=_DAY, environment={"DATABASE": url}
    )
    batches = list(source.read_day(_DAY))
    assert [row for batch in batches for row in batch.rejected.to_pylist()] == []
    return [row for batch in batches for row in batch.accepted.to_pylist()]


def in_sqlite(tables: Tables, folder: Path) -> str:
    with closing(sqlite3.connect(folder / "system.db")) as database, database:
        for name, rows in tables.items():
            columns = ", ".join(f'"{column}"' for column in rows[0])
            database.execute(f'create table "{name}" ({columns})')
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(
                f'insert into "{name}" values ({marks})', [list(row.values()) for row in rows]
            )
    return f"sqlite:///{folder / 'system.db'}"


def in_postgres(tables: Tables, times: set[str], warehouse: Warehouse) -> str:
    """Tables in the schema `public` of a database, with the types that matter."""
    with psycopg.connect(warehouse.url) as connection:
        for name, rows in tables.items():
            columns = [
                sql.SQL("{} {}").format(
                    sql.Identifier(column),
                    sql.SQL(
                        "timestamptz"
                        if column in times
                        else "integer"
                        if all(type(row[column]) is int for row in rows)
                        else "varchar"
                    ),
                )
                for column in rows[0]
            ]
            table = sql.Identifier("public", name)
            connection.execute(
                sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(columns))
            )
            places = sql.SQL(", ").join(sql.Placeholder() * len(columns))
            connection.cursor().executemany(
                sql.SQL("insert into {} values ({})").format(table, places),
                [
                    [
                        each if type(each) in (int, type(None)) else str(each)
                        for each in row.values()
                    ]
                    for row in rows
                ],
            )
    return warehouse.url


def recorded(name: str) -> Any:
    text = (_ROWS / name).read_text(encoding="utf-8")
    if name.endswith(".ndjson"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


_N8N_TIMES = {"startedAt", "stoppedAt", "waitTill", "deletedAt", "createdAt", "updatedAt"}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_n8n(engine: str, tmp_path: Path, warehouse: Warehouse) -> None:
    tables = recorded("n8n/db_sqlite_rows.json")
    if engine == "sqlite":
        url = in_sqlite(tables, tmp_path)
    else:
        url = in_postgres(tables, _N8N_TIMES, warehouse)
    executions = read(declaration("n8n", 0), url, tmp_path)
    rows = [row for row in tables["execution_entity"] if row["startedAt"].startswith(str(_DAY))]
    assert len(executions) == len(rows) == len({row["id"] for row in executions})
    assert Counter(row["status"] for row in executions) == {
        "completed": 45, "failed": 3, "cancelled": 2, "started": 1,
    }  # fmt: skip
    assert Counter(row["trigger_type"] for row in executions) == {
        "scheduled": 34, "api": 11, "chained": 3, "manual": 3,
    }  # fmt: skip
    assert {row["source_user_id"] for row in executions} == {"owner@example.org"}
    retried = sorted(row["attempt"] for row in executions if row["source_id"] == "4")
    assert len(retried) == 3
    assert retried[0] == 1
    assert all((row["end_time"] is None) == (row["status"] == "started") for row in executions)


def test_airflow_3(tmp_path: Path) -> None:
    tables = recorded("airflow/db_sqlite_rows.json")
    executions = read(declaration("airflow", 0), in_sqlite(tables, tmp_path), tmp_path)
    assert len(executions) == len(tables["dag_run"])
    assert Counter(row["trigger_type"] for row in executions) == {
        "scheduled": 8, "api": 9, "chained": 3, "manual": 2,
    }  # fmt: skip
    assert Counter(row["source_user_id"] for row in executions) == {
        "scheduler": 8, "jane": 9, "admin": 4, "root": 1,
    }  # fmt: skip
    assert Counter(row["attempt"] for row in executions) == {1: 21, 2: 1}
    assert Counter(row["status"] for row in executions) == {
        "completed": 18, "failed": 3, "started": 1,
    }  # fmt: skip


def test_airflow_2(tmp_path: Path, warehouse: Warehouse) -> None:
    tables = {
        "dag_run": recorded("airflow/db2_postgres_dag_run.ndjson"),
        "log": recorded("airflow/db2_postgres_log.ndjson"),
    }
    for row in tables["dag_run"]:
        assert datetime.fromisoformat(row["start_date"]).date() == _DAY
    times = {"dttm", "execution_date", "start_date", "end_date", "queued_at", "updated_at"}
    url = in_postgres(tables, times, warehouse)
    executions = read(declaration("airflow", 1), url, tmp_path)
    assert len(executions) == len(tables["dag_run"])
    by_hand = [row for row in executions if row["trigger_type"] == "manual"]
    assert Counter(row["source_user_id"] for row in by_hand)["jane"] == 8
    assert {row["source_user_id"] for row in executions if row not in by_hand} == {"scheduler"}
