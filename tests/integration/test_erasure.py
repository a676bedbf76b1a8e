"""Forgetting a user: no table names them, every total stays, no later load brings them back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql
from psycopg.errors import UndefinedColumn

from tests.conftest import RunDbt, _fresh_database
from tests.executions import DAY, at, batch, execution, rejection, uuid_of
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.forget import forget_everywhere
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.locks import lock_stage
from usage_pipeline.warehouse.people.erasure import forget_user
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER, Forgotten, digest

_NAME = "cleo.p@example.org"
_USER = uuid_of(_NAME)
_DAYS = [DAY + timedelta(days=offset) for offset in (0, 1, 2, 40, 41)]
_AS_OF = _DAYS[-1]
_MINED = {
    "daily_sequences": "'2026-06-15', {user}, {other}, array[{other}], 1, now()",
    "daily_transitions": "'2026-06-15', {user}, {other}, {other}, 1, 0, 1",
    "daily_step_counts": "'2026-06-15', {user}, {other}, 1, 1, 0, 1, 1",
    "daily_hours": "'2026-06-15', {user}, {other}, 9, 1",
    "workflow_sequences": "{user}, {other}, array[{other}], array[1], 1, now(), 1, now()",
    "workflow_sequence_windows": "{user}, 7, {other}, array[{other}], 1, now(), 1, now()",
    "workflow_subsequences": "{user}, {other}, array[{other}], 5, 3, 0.9, 2, now(), 0, now()",
    "usage_patterns": "{other}, {user}, 'sequence', {other}, {other}, null, null, null, 'You', "
    "0.9, 5, 5, 0, 0, '{{}}', now()",
    "usage_insights": "{other}, {user}, 'unused', {other}, 'You', 'clean_up', '{{}}', 1, 1, '', "
    "now(), 'open', now()",
}
_SCHEMAS = ["raw", "staging", "intermediate", "marts", "mining"]
_TOTALS = {
    "workflow_daily_usage": "*",
    "popular_workflows": "*",
    "workflow_success_rates": "*",
    "workflow_duration_percentiles": "*",
    "abandoned_workflows": "*",
    "workflow_lifecycle": "*",
    "workflows": "*",
    "user_workflow_usage": "sum(execution_count), sum(success_count), sum(total_duration_ms), "
    "sum(total_cost), sum(people_execution_count), min(first_started_at), max(last_started_at)",
    "user_workflow_durations": "duration_bucket, sum(duration_count)",
    "user_workflow_errors": "sum(failure_count)",
    "user_workflow_stats": "sum(total_executions), sum(failure_count), sum(total_cost)",
}


def _executions(day: Any) -> list[dict[str, Any]]:
    users = (_NAME, "ana", "bo")
    return [
        execution(
            f"{day}-{n}",
            user=users[n % 3],
            workflow=f"w{n % 4}",
            start_time=at(9, n, day=day),
            end_time=at(9 + n % 3, 20 + n, day=day),
            status=("completed", "failed", "cancelled")[n % 5 % 3],
            trigger_type=("manual", "scheduled", None)[n % 7 % 3],
            error_message=f"{users[n % 3]} may not do this",
        )
        for n in range(30)
    ]


def _load(warehouse: Warehouse, day: Any) -> None:
    original = f'{{"id": "", "user": "{_NAME}", "status": "completed"}}'
    other = '{"id": "", "user": "ana", "status": "completed"}'
    rejected = [{**rejection("no id", day), "original": text} for text in (original, other)]
    load_day(warehouse, day, [DayInput("files", [batch(_executions(day), rejected)])])


def _totals(warehouse: Warehouse) -> dict[str, list[str]]:
    found = {}
    with warehouse.connect() as connection:
        for table, columns in _TOTALS.items():
            grouped = " group by duration_bucket" if table.endswith("durations") else ""
            rows = connection.execute(
                f"select {columns} from marts.{table}{grouped}"  # type: ignore[arg-type]
            ).fetchall()
            found[table] = sorted(map(str, rows))
    return found


def _all_marts(warehouse: Warehouse) -> dict[str, list[str]]:
    with warehouse.connect() as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('marts', 'intermediate') and table_type = 'BASE TABLE' "
            # Views that were made anew with their tables have other oids.
            "and table_name <> 'view_definitions'"
        ).fetchall()
        return {
            f"{schema}.{table}": sorted(
                str(row)
                for row in connection.execute(
                    sql.SQL("select * from {}").format(sql.Identifier(schema, table))
                )
            )
            for schema, table in tables
        }


def _mentions(warehouse: Warehouse) -> Iterator[str]:
    """Every column of every table whose text holds the user's id or name, anywhere."""
    with warehouse.connect() as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema = any(%s)",
            [_SCHEMAS],
        ).fetchall()
        assert len(columns) > 80
        for schema, table, column in columns:
            row = connection.execute(
                sql.SQL("select count(*) from {table} where {column}::text ilike any (%s)").format(
                    table=sql.Identifier(schema, table), column=sql.Identifier(column)
                ),
                [[f"%{_USER}%", f"%{_NAME}%"]],
            ).fetchone()
            # The one place that must know whom a later load may not bring back.
            if row and row[0] and table != "forgotten_users":
                yield f"{schema}.{table}.{column}"


@pytest.fixture(scope="module")
def prepared(module_warehouse: Warehouse, dbt_on: RunDbt) -> str:
    """The name of a database with marts, retired days, rejected rows, favourites, mined rows."""
    for day in _DAYS:
        _load(module_warehouse, day)
    for day in _DAYS[:2]:
        assert retire_day(module_warehouse, day, as_of=_AS_OF, unfinished_days=30).retired == 30
    with module_warehouse.connect() as connection:
        connection.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) values (%s, %s)",
            [_USER, uuid_of("w1")],
        )
        connection.execute(
            "insert into raw.workflow_templates (user_id, name, sequence_id, workflow_ids) "
            "values (%s, 'mine', gen_random_uuid(), '{}')",
            [_USER],
        )
        connection.execute(
            "insert into raw.api_keys (name, key_hash, scopes, user_id) "
            "values ('hers', sha256('hers'), '{read:self}', %s)",
            [_USER],
        )
        connection.execute(
            "insert into raw.tracked_executions (id, status, user_id, workflow_id, "
            "source_user_id, source_workflow_id, source_id, start_time, is_start_given, "
            "error_message, content_hash) "
            "values (gen_random_uuid(), 'failed', %s, gen_random_uuid(), %s, 'w1', 'x', "
            "'2026-06-15 09:00Z', true, %s, '')",
            [_USER, _NAME, f"{_NAME} may not do this"],
        )
        connection.execute("create table mining.test_things (user_id uuid, message text)")
        connection.execute("insert into mining.test_things values (%s, 'cleo')", [_USER])
        for table, values in _MINED.items():
            row = values.format(user=f"'{_USER}'::uuid", other=f"'{uuid_of('w1')}'::uuid")
            connection.execute(f"insert into mining.{table} values ({row})")  # type: ignore[call-overload]
    dbt_on(module_warehouse, build_arguments(_DAYS[0], _AS_OF, _AS_OF))
    return module_warehouse.parts["dbname"]


@pytest.fixture
def used(server: EmbeddedServer, prepared: str) -> Iterator[Warehouse]:
    """A copy of the prepared warehouse for one test."""
    yield from _fresh_database(server, prepared)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", dbt_threads=2, _env_file=None)


def test_no_table_names_a_forgotten_user_and_every_total_stays(
    used: Warehouse, settings: Settings, dbt_on: RunDbt
) -> None:
    before = _totals(used)
    named = set(_mentions(used))
    assert {"raw.users.user_id", "raw.users.source_user_id", "raw.retired_usage.user_id",
            "raw.rejected_executions.original", "marts.user_workflow_stats.user_id",
            "raw.workflow_templates.user_id", "raw.api_keys.user_id",
            "raw.tracked_executions.user_id", "raw.tracked_executions.error_message",
            "mining.test_things.user_id"} <= named  # fmt: skip
    assert {f"mining.{table}.user_id" for table in _MINED} <= named

    done = forget_everywhere(settings, used, _NAME)
    assert (done.executions, done.retired, done.blanked) == (30, 20, 5)
    assert list(_mentions(used)) == []
    assert _totals(used) == before

    for day in _DAYS:
        _load(used, day)
    assert list(_mentions(used)) == []
    dbt_on(used, build_arguments(_DAYS[0], _AS_OF, _AS_OF))
    assert _totals(used) == before
    incremental = _all_marts(used)
    dbt_on(used, ["build", "--full-refresh", "--exclude-resource-type", "unit_test"])
    assert _all_marts(used) == incremental


def test_totals_are_right_at_once_before_the_marts_are_built_again(used: Warehouse) -> None:
    before = _totals(used)
    forget_user(used, UUID(_USER))
    assert list(_mentions(used)) == []
    after = _totals(used)
    assert {name for name in before if before[name] != after[name]} == {"user_workflow_stats"}


@pytest.mark.long
def test_a_second_forgotten_user_is_added_to_the_first(used: Warehouse, settings: Settings) -> None:
    counts = "select sum(total_executions), sum(total_cost) from marts.workflow_daily_usage"
    with used.connect() as connection:
        before = connection.execute(counts).fetchall()
    forget_everywhere(settings, used, _NAME)
    done = forget_everywhere(settings, used, uuid_of("ana").upper())
    assert (done.executions, done.retired) == (30, 20)
    with used.connect() as connection:
        assert connection.execute(counts).fetchall() == before
        assert connection.execute(
            "select sum(execution_count) from raw.retired_usage where user_id = %s",
            [ANONYMOUS_USER],
        ).fetchall() == [(40,)]


def test_forgetting_again_changes_nothing(warehouse: Warehouse, settings: Settings) -> None:
    _load(warehouse, DAY)
    assert forget_everywhere(settings, warehouse, _NAME).executions == 10
    for called in (_NAME, _USER):
        again = forget_everywhere(settings, warehouse, called)
        assert (again.executions, again.retired, again.deleted, again.blanked) == (0, 0, 0, 0)


def test_who_is_meant_must_be_clear(warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(UsageError, match="No user is called 'nobody'"):
        forget_everywhere(settings, warehouse, "nobody")
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw.users values (%s, 'a', 'ana'), (%s, 'b', 'ana')",
            [uuid_of("1"), uuid_of("2")],
        )
    with pytest.raises(UsageError, match="2 users are called 'ana': give the id of one"):
        forget_everywhere(settings, warehouse, "ana")
    assert forget_everywhere(settings, warehouse, uuid_of("2")).deleted == 1
    with pytest.raises(UsageError, match="the anonymous user"):
        forget_everywhere(settings, warehouse, "forgotten")


def test_a_failure_half_way_changes_nothing(warehouse: Warehouse, settings: Settings) -> None:
    _load(warehouse, DAY)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create table marts.user_workflow_usage (user_id uuid, wrong int)")
    before = set(_mentions(warehouse))
    with pytest.raises(UndefinedColumn):
        forget_everywhere(settings, warehouse, _NAME)
    assert set(_mentions(warehouse)) == before
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from raw.forgotten_users").fetchone() == (0,)


@pytest.mark.long
def test_when_the_marts_cannot_be_built_the_user_is_told_what_is_left_to_do(
    used: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("USAGE_DB_ROLE", "no_such_role")
        sentence = f"is forgotten, but the marts .* run forget-user {_USER} again"
        with pytest.raises(UsageError, match=sentence):
            forget_everywhere(settings, used, _NAME)
    assert list(_mentions(used)) == []
    executions = "select sum(total_executions) from marts.user_workflow_stats"
    with used.connect() as connection:
        assert connection.execute(executions).fetchone() == (100,)
    forget_everywhere(settings, used, _USER)
    with used.connect() as connection:
        assert connection.execute(executions).fetchone() == (150,)


def test_a_load_that_runs_at_the_same_time_does_not_bring_the_user_back(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, DAY)
    with ThreadPoolExecutor(2) as pool:
        with warehouse.connect() as connection:
            # A load that has begun: the erasure waits for it, a later one for the erasure.
            lock_stage(connection, DAY)
            erasure = pool.submit(forget_user, warehouse, UUID(_USER))
            wait([erasure], timeout=0.5)
            assert not erasure.done()
            later = pool.submit(_load, warehouse, _DAYS[1])
            wait([later], timeout=0.5)
            assert not later.done()
        erasure.result(timeout=30)
        later.result(timeout=30)
    assert list(_mentions(warehouse)) == []


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ('{"user": "Ana"}', True),
        ('{"actor": {"login": "ana", "id": 7}}', True),
        ('{"actors": ["bo", " ana "]}', True),
        ('{"user": "anabel"}', False),
        ('{"ana": "a column of that name"}', False),
        ('{"note": "seen by ana"}', False),
        (f'{{"user": "{uuid_of("ana").upper()}"}}', True),
        ('{"number": 42}', True),
        ('{"number": 421}', False),
        ('7,ana,report,"half a row', True),
        ('{"user": "ana", "note": "cut o', True),
        ('{"user": "\\u0061na"}', True),
        ("", False),
    ],
)
def test_a_rejected_row_mentions_a_user_by_a_value(text: str, mentioned: bool) -> None:
    gone = Forgotten(frozenset([uuid_of("ana")]), frozenset([digest("ANA"), digest("42")]))
    assert gone.are_mentioned_in(text) is mentioned


def test_an_error_class_that_names_a_forgotten_user_is_one_of_all_that_did(
    used: Warehouse,
) -> None:
    """Whoever the failure was of, now and when its day is loaded again."""
    day = DAY + timedelta(days=40)
    messages = {"1": "denied to ana, sorry", "2": "Ana: no", "3": "denied to cy"}
    failures = [
        execution(name, user="bo", status="failed", error_message=text, start_time=at(9, day=day))
        for name, text in messages.items()
    ]
    load_day(used, day, [DayInput("files", [batch(failures)])])
    forget_user(used, UUID(uuid_of("ana")))
    query = (
        "select error_class, count(*) from raw.workflow_executions_simple "
        "where execution_date = %s group by 1 order by 1"
    )
    classes = [("(erased)", 2), ("denied to cy", 1)]
    with used.connect() as connection:
        assert connection.execute(query, [day]).fetchall() == classes
    load_day(used, day, [DayInput("files", [batch(failures)])])
    with used.connect() as connection:
        assert connection.execute(query, [day]).fetchall() == classes
        for table in ("raw.retired_errors", "marts.user_workflow_errors"):
            rows = connection.execute(
                "select sum(failure_count) filter (where error_class = '(erased)') > 0, "
                f"count(*) filter (where error_class like '%ana%') from {table}".encode()
            ).fetchall()
            assert rows == [(True, 0)], table


def test_copies_of_other_days_become_the_anonymous_user_s(warehouse: Warehouse) -> None:
    queued = execution("x", start_time=at(23), status="started", error_message="ana waits")
    later = at(5, day=DAY + timedelta(days=1))
    load_day(warehouse, DAY, [DayInput("files", [batch([queued])])])
    delivery = batch([execution("x", start_time=later, updated_at=later)])
    load_day(warehouse, later.date(), [DayInput("files", [delivery])])
    forget_user(warehouse, UUID(uuid_of("ana")))
    load_day(warehouse, DAY, [DayInput("files", [batch([queued])])])
    with warehouse.connect() as connection:
        for table in ("workflow_executions_simple", "scattered_copies"):
            found = connection.execute(
                f"select distinct user_id, error_message from raw.{table}"
            ).fetchall()
            assert found == [(ANONYMOUS_USER, None)], table


def test_the_command_asks_first(warehouse: Warehouse, tmp_path: Path) -> None:
    _load(warehouse, DAY)
    environment = {
        **os.environ, "USAGE_HOME": str(tmp_path), "USAGE_DATABASE_URL": warehouse.url
    }  # fmt: skip

    def forget(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "usage_pipeline.cli", "forget-user", *arguments],
            input="n\n", capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
        )  # fmt: skip

    asked = forget(_NAME)
    assert asked.returncode == 1
    assert f"({_USER}) everywhere, for good?" in asked.stdout
    assert "raw.users.user_id" in set(_mentions(warehouse))
    done = forget(_NAME, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "Forgotten: 10 executions became the anonymous user's; 1 row deleted, "
        "1 rejected row emptied.\n"
    )
    assert list(_mentions(warehouse)) == []
    unknown = forget("nobody", "--yes")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "No user is called 'nobody'" in unknown.stderr
