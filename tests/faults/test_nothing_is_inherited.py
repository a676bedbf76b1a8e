"""Sessions and child processes take nothing from the database, the role or the caller's shell."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.conftest import CHECKOUT
from usage_pipeline.errors import UsageError
from usage_pipeline.processes import child_environment
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate
from usage_pipeline.warehouse.session import SETTINGS, client_variables, session_options

# What an administrator may have set for everybody, each in a way that would change our data.
_HOSTILE = {
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Tokyo",
    "search_path": "nowhere",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
    "check_function_bodies": "off",
    "row_security": "off",
    "synchronous_commit": "off",
    "statement_timeout": "5s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "20s",
    "idle_session_timeout": "20s",
    "client_encoding": "LATIN1",
}

# The shell of somebody who works on another dbt and Dagster project.
_SHELL = {
    "DBT_PROFILES_DIR": "/nonexistent/other",
    "DBT_PROJECT_DIR": "/nonexistent/other",
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "acme",
    "DBT_FULL_REFRESH": "1",
    "DBT_WARN_ERROR": "1",
    "DBT_TARGET_PATH": "/nonexistent/target",
    "DAGSTER_HOME": "/nonexistent/dagster",
    "PGHOST": "db.invalid",
    "PGDATABASE": "wrong",
    "PGUSER": "wrong",
    "PGPASSWORD": "wrong",
    "PGPORT": "1",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "German",
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-c search_path=nowhere -c default_transaction_read_only=on",
    "PGSSLMODE": "verify-full",
    "PGSERVICE": "another",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "latin-1",
    "LC_ALL": "C",
}

_RUNS = """id,user_id,workflow_id,workflow_name,start_time,end_time,status
1,jörg,prüfung,Rechnung prüfen 日本,2026-05-04T08:00:00Z,2026-05-04T08:01:00Z,success
2,jörg,prüfung,Rechnung prüfen 日本,2026-05-04T23:30:00Z,2026-05-04T23:31:00Z,failed
"""


@contextmanager
def _set_for(warehouse: Warehouse, whom: str) -> Iterator[None]:
    """Make the hostile settings the defaults of the database, or of its owner in it."""
    database, owner = (sql.Identifier(warehouse.parts[part]) for part in ("dbname", "user"))
    target = {
        "database": sql.SQL("database {}").format(database),
        "role": sql.SQL("role {} in database {}").format(owner, database),
    }[whom]
    admin = warehouse.url.rsplit("/", 1)[0] + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        for name, value in _HOSTILE.items():
            connection.execute(
                sql.SQL("alter {} set {} = {}").format(
                    target, sql.Identifier(name), sql.SQL(", ").join(value.split(", "))
                )
            )
        yield
        connection.execute(sql.SQL("alter {} reset all").format(target))


def _in_child(arguments: list[str], variables: Mapping[str, str]) -> str:
    result = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=CHECKOUT,
        env={**os.environ, **variables},
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.mark.parametrize("whom", ["database", "role"])
def test_every_client_has_our_settings_whatever_the_administrator_set(
    warehouse: Warehouse, parsed_home: Path, whom: str
) -> None:
    with _set_for(warehouse, whom):
        with psycopg.connect(warehouse.url) as plain:
            # Else this test would show nothing.
            assert plain.info.parameter_status("client_encoding") == "LATIN1"
        output = _in_child(["-m", "tests.faults.sessions", str(parsed_home), warehouse.url], {})
    sessions = json.loads(output.splitlines()[-1])
    with psycopg.connect(warehouse.url, options=session_options()) as connection:
        wanted = dict(
            connection.execute(
                "select name, setting from pg_settings where name = any(%s)", [[*SETTINGS]]
            ).fetchall()
        )
    wanted["client_encoding"] = "UTF8"
    # Two settings are another client's own on purpose.
    own = {
        "api": {"statement_timeout": "30000"},
        "dagster": {"search_path": "dagster", "synchronous_commit": "off"},
    }
    for client, found in sessions.items():
        assert found == {**wanted, **own.get(client, {})}, client
    assert set(sessions) == {"psycopg", "adbc", "api", "dbt", "dagster"}


@pytest.mark.long
def test_the_shell_of_another_project_changes_nothing(
    warehouse: Warehouse, parsed_home: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs.csv"
    runs.write_text(_RUNS, encoding="utf-8")
    (tmp_path / "dbt").mkdir()
    (tmp_path / "dbt" / "__init__.py").write_text("raise ImportError('another dbt')")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    shell = {
        **_SHELL,
        "HOME": str(locked),
        "PYTHONPATH": str(tmp_path),
        "USAGE_HOME": str(parsed_home),
        "USAGE_DATABASE_URL": warehouse.url,
    }
    command = ["-m", "usage_pipeline.cli"]
    _in_child([*command, "load", "--files", str(runs)], shell)
    _in_child([*command, "backfill", "2026-05-04", "2026-05-04"], shell)
    with warehouse.connect() as connection:
        names = connection.execute(
            "select workflow_name, execution_date::text, execution_count "
            "from marts.user_workflow_usage"
        ).fetchall()
        users = connection.execute("select source_user_id from raw.users").fetchall()
    assert names == [("Rechnung prüfen 日本", "2026-05-04", 2)]
    assert users == [("jörg",)]
    assert not list(locked.iterdir())


def test_a_child_gets_none_of_another_projects_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in _SHELL.items():
        monkeypatch.setenv(name, text)
    environment = child_environment({"DAGSTER_HOME": "ours"})
    left = {name for name in environment if name.startswith(("PG", "DBT_", "PYTHON", "DAGSTER_"))}
    assert left - {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"} == {"DAGSTER_HOME", "PYTHONUTF8"}
    assert environment["DAGSTER_HOME"] == "ours"


def test_tls_settings_of_the_url_reach_clients_that_read_the_environment() -> None:
    url = "postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k"
    variables = client_variables(url)
    assert {name: text for name, text in variables.items() if name.startswith("PGSSL")} == {
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGSSLCERT": "/c.pem",
        "PGSSLKEY": "/k",
    }
    assert not {"PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE"} & set(variables)


def test_a_setting_in_the_url_does_not_override_ours() -> None:
    url = "postgresql://u:p@h/d?options=-c%20timezone%3DAsia/Tokyo%20-c%20geqo%3Doff"
    options = session_options(url)
    assert options.startswith("-c timezone=Asia/Tokyo -c geqo=off ")
    assert options.index("timezone=UTC") > options.index("timezone=Asia/Tokyo")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_utf8_is_refused_in_one_sentence(
    server: EmbeddedServer, encoding: str
) -> None:
    name = f"encoded_{encoding.lower()}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "create database {} encoding {} locale 'C' locale_provider libc template template0"
            ).format(sql.Identifier(name), encoding)
        )
    try:
        with pytest.raises(UsageError, match=f"has the encoding {encoding}.*encoding 'UTF8'"):
            migrate(Warehouse(server.url.rsplit("/", 1)[0] + f"/{name}"))
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
