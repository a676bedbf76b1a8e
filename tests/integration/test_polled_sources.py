"""Sources that are systems: a real Postgres, the load of a night, and `sources check`."""

import itertools
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from usage_pipeline.cli.main import app
from usage_pipeline.errors import InputError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse import failed_days
from usage_pipeline.warehouse.connection import Warehouse

_DAY, _NEXT = date(2026, 6, 1), date(2026, 6, 2)
_TABLE = """
create schema crm;
create type crm.state as enum ('success', 'error', 'odd');
create table crm.runs (
    id uuid default gen_random_uuid(), login text, job int, started_at timestamptz,
    ended_at timestamp, state crm.state, price numeric(10, 2), details jsonb
);
insert into crm.runs (login, job, started_at, ended_at, state, price, details) values
    ('ana', 7, '2026-06-01 00:00:00Z', '2026-06-01 00:00:05', 'success', 1.25, '{"a": 1}'),
    ('bo', 7, '2026-06-01 23:59:59.999Z', null, 'error', null, null),
    ('bo', 7, '2026-06-01 12:00:00Z', null, 'odd', 3, null),
    ('ana', 8, '2026-06-02 00:00:00Z', null, 'error', 2, null);
"""
_QUERY = (
    "select *, price as cost, login::text as user_id, job as workflow_id from crm.runs "
    "where started_at >= :day_start and started_at < :day_end order by started_at;"
)


@pytest.fixture
def crm(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> str:
    """The variable that holds the address of a database with runs."""
    with warehouse.connect() as connection:
        connection.execute(_TABLE)
    monkeypatch.setenv("CRM_URL", warehouse.url)
    return "${CRM_URL}"


def _config(url: str, query: str = _QUERY, **keys: int) -> SourceConfig:
    return SourceConfig.model_validate(
        {"name": "crm", "kind": "sql", "url": url, "query": query, **keys}
    )


def _read(config: SourceConfig, folder: Path) -> tuple[list[dict[str, object]], list[str]]:
    source = open_source(config, folder, "UTC", first=_DAY, last=_DAY, environment=os.environ)
    batches = list(source.read_day(_DAY))
    return (
        [row for batch in batches for row in batch.accepted.to_pylist()],
        [row["reason"] for batch in batches for row in batch.rejected.to_pylist()],
    )


def test_types_of_postgres_become_those_of_executions(tmp_path: Path, crm: str) -> None:
    accepted, reasons = _read(_config(crm), tmp_path)
    assert [row["source_user_id"] for row in accepted] == ["ana", "bo"]
    assert [row["source_workflow_id"] for row in accepted] == ["7", "7"]
    assert str(accepted[0]["cost"]) == "1.250000"
    assert str(accepted[0]["end_time"]) == "2026-06-01 00:00:05+00:00"
    assert [row["status"] for row in accepted] == ["completed", "failed"]
    assert len(reasons) == 1
    assert "'odd'" in reasons[0] or '"odd"' in reasons[0]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("select * from crm.jobs", 'its query: relation "crm.jobs" does not exist.'),
        ("insert into crm.runs (login) values ('eve') returning *", "read-only transaction."),
        ("selekt 1", 'does not take its query: syntax error at or near "selekt".'),
        (
            "select *, pg_sleep(5), login as user_id, job as workflow_id from crm.runs",
            "took longer than 1 s and was stopped",
        ),
        ("select 1; drop table crm.runs", "does not take its query"),
    ],
)
def test_a_query_that_fails_is_one_sentence(
    tmp_path: Path, crm: str, query: str, sentence: str
) -> None:
    # The bounds are in a comment, so that the query is what it says.
    config = _config(crm, f"{query} /* :day_start :day_end */", query_seconds=1)
    with pytest.raises(InputError) as failure:
        _read(config, tmp_path)
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_wrong_password_is_one_sentence_without_it(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(warehouse.url)
    monkeypatch.setenv("CRM_PASSWORD", "open-sesame")
    url = f"postgresql://nobody:${{CRM_PASSWORD}}@/{parts['dbname']}?host={parts['host']}"
    with pytest.raises(InputError, match="'crm' cannot be opened") as failure:
        _read(_config(url), tmp_path)
    assert "open-sesame" not in str(failure.value)


def test_a_night_loads_from_a_database_and_from_the_rest_when_one_is_away(
    warehouse: Warehouse, settings: Settings, crm: str
) -> None:
    settings.sources_path.parent.mkdir(parents=True, exist_ok=True)
    settings.sources_path.write_text(
        f"""
        - {{name: crm, kind: sql, url: "{crm}", query: "{_QUERY}"}}
        - {{name: away, kind: sql, url: "sqlite:///away.db", query: "{_QUERY}"}}
        """
    )
    loaded = load_configured_days(warehouse, settings, [_DAY, _NEXT])
    assert [(each.loaded, each.rejected) for each in loaded.results] == [(2, 1), (1, 0)]
    with warehouse.connect() as connection:
        reasons = failed_days.failed_days(connection, _DAY, _NEXT)
    assert list(reasons) == [_DAY, _NEXT]
    assert "'away' cannot be opened" in reasons[_DAY]
    again = load_configured_days(warehouse, settings, [_DAY])
    assert again.results[0].executions == 2


def test_sources_check_shows_what_would_be_loaded(
    settings: Settings, crm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "sources.yaml").write_text(
        f'- {{name: crm, kind: sql, url: "{crm}", query: "{_QUERY}"}}'
    )
    monkeypatch.setenv("USAGE_HOME", str(settings.home))
    shown = CliRunner().invoke(app, ["sources", "check", "crm", "--day", str(_DAY)])
    assert shown.exit_code == 0, shown.output
    assert "crm: 2026-06-01: 2 rows would be loaded, 1 rejected." in shown.output
    assert "ana" in shown.output
    assert "Rejected: crm:row 2" in shown.output
    assert str(os.environ["CRM_URL"]) not in shown.output
    wrong = CliRunner().invoke(app, ["sources", "check", "erp"])
    assert "declares no source 'erp': it declares crm." in str(wrong.exception)


@dataclass(frozen=True)
class Run:
    """A run of a system, by the polls before which it is written down, ends, and is pruned."""

    day: int
    begins: int
    ends: int
    pruned: int
    status: str

    def state(self, poll: int) -> str | None:
        """What a poll is told of it; None while and when the system does not know it."""
        if not self.begins <= poll < self.pruned:
            return None
        return self.status if self.ends <= poll else "started"


_RUNS = st.builds(
    Run,
    day=st.integers(0, 2),
    begins=st.integers(0, 3),
    ends=st.integers(0, 6),
    pruned=st.integers(1, 6),
    status=st.sampled_from(["completed", "failed", "cancelled"]),
)
_POLLS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2)).map(sorted), min_size=2, max_size=5
)
_WORLDS = itertools.count()


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(runs=st.lists(_RUNS, min_size=1, max_size=6), polls=_POLLS)
def test_what_was_ever_seen_finished_is_counted_once_whatever_is_polled_and_pruned(
    module_warehouse: Warehouse, tmp_path: Path, runs: list[Run], polls: list[list[int]]
) -> None:
    """Polls overlap and come in any order; what a system has forgotten by then stays."""
    source = f"world{next(_WORLDS)}"
    home = Settings(home=tmp_path / source, _env_file=None)
    home.home.mkdir()
    home.sources_path.write_text(
        f"""
        - name: {source}
          kind: sql
          url: sqlite:///{source}.db
          query: >
            select id, 'ana' as user_id, 'w' as workflow_id, start_time, status from runs
            where start_time >= :day_start and start_time < :day_end
        """
    )
    days = [_DAY + timedelta(days=number) for number in range(3)]
    expected: dict[tuple[date, str], str] = {}
    for poll, (first, last) in enumerate(polls):
        with closing(sqlite3.connect(home.home / f"{source}.db")) as system, system:
            system.execute("drop table if exists runs")
            system.execute("create table runs (id text, start_time text, status text)")
            for number, run in enumerate(runs):
                state, day = run.state(poll), days[run.day]
                if state is None:
                    continue
                system.execute(
                    "insert into runs values (?, ?, ?)", [str(number), f"{day} 09:00:00", state]
                )
                if first <= run.day <= last:
                    expected[day, str(number)] = state
        load_configured_days(module_warehouse, home, days[first : last + 1])
    with module_warehouse.connect() as connection:
        rows = connection.execute(
            "select execution_date, source_id, status from raw.workflow_executions_simple "
            "where source = %s",
            [source],
        ).fetchall()
    assert len(rows) == len(expected)
    assert {(day, name): status for day, name, status in rows} == expected
