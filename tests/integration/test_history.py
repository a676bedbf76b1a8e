"""The history of a system: each day once, however often reading it is interrupted."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.contents import contents_of, differences
from tests.faults.victims import context
from usage_pipeline.errors import InputError, WrongUsageError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig, read_sources_file
from usage_pipeline.steps import history
from usage_pipeline.steps.history import questions, read_history, unread_days
from usage_pipeline.steps.load import load_inputs, note_failures
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.failed_days import failed_days
from usage_pipeline.warehouse.ledger import days_of_source

_FIRST, _LAST = date(2026, 5, 1), date(2026, 5, 25)
_QUERY = "select * from runs where start_time >= :day_start and start_time < :day_end"


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    """A database with an execution a day, and with none on May 4."""
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table runs (id, user_id, workflow_id, start_time, status)")
        for offset in range(25):
            day = _FIRST + timedelta(days=offset)
            if offset != 3:
                database.execute(
                    "insert into runs values (?, 'ana', 'report', ?, 'completed')",
                    [str(offset), f"{day}T10:00:00Z"],
                )
    return path


@pytest.fixture
def config(settings: Settings, crm: Path) -> SourceConfig:
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.sources_path.write_text(_declaration(crm))
    return read_sources_file(settings.sources_path)[0]


def _declaration(crm: Path) -> str:
    return f"- {{name: crm, kind: sql, url: 'sqlite:///{crm}', query: '{_QUERY}'}}\n"


def _broken(crm: Path, day: date) -> None:
    """Let the database refuse one day."""
    with closing(sqlite3.connect(crm)) as database, database:
        database.execute("alter table runs rename to kept")
        # SQLite refuses to read the JSON when it comes to that day.
        database.execute(
            "create view runs as select id, user_id, workflow_id, start_time, "
            f"case when start_time >= '{day}' then json('no json') else status end as status "
            "from kept"
        )


def _mended(crm: Path) -> None:
    with closing(sqlite3.connect(crm)) as database, database:
        database.execute("drop view runs")
        database.execute("alter table kept rename to runs")


def test_a_history_goes_on_where_it_was_interrupted(
    warehouse: Warehouse, settings: Settings, config: SourceConfig, crm: Path
) -> None:
    note_failures(warehouse, {_FIRST: "The system was away."})
    stopped = _FIRST + timedelta(days=10)
    _broken(crm, stopped)
    days = unread_days(warehouse, settings, config, _FIRST, _LAST)
    assert len(days) == 25
    with pytest.raises(InputError, match=r"10 of 25 days are read: give the same command again"):
        list(read_history(warehouse, settings, config, days))
    _mended(crm)
    with warehouse.connect() as connection:
        assert len(days_of_source(connection, "crm", _FIRST, _LAST)) == 10
        assert failed_days(connection) == {}
    days = unread_days(warehouse, settings, config, _FIRST, _LAST)
    assert days[0] == stopped
    assert len(days) == 15
    loaded = list(read_history(warehouse, settings, config, days))
    assert [each.day for each in loaded] == days
    assert unread_days(warehouse, settings, config, _FIRST, _LAST) == []
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(*), count(distinct id), count(distinct execution_date) "
            "from raw.workflow_executions_simple"
        ).fetchone()
    assert row == (24, 24, 24)


def test_a_system_is_asked_for_a_week_at_a_time(
    warehouse: Warehouse,
    settings: Settings,
    config: SourceConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def recorded(*arguments: object) -> Iterator[object]:
        asked.append(arguments[3:])
        yield from load_inputs(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "load_inputs", recorded)
    list(load_inputs(warehouse, settings, config, date(2026, 5, 3), date(2026, 5, 3)))
    days = unread_days(warehouse, settings, config, _FIRST, date(2026, 5, 12))
    list(read_history(warehouse, settings, config, days))
    spans = [(1, 2), (4, 10), (11, 12)]
    assert asked == [(date(2026, 5, first), date(2026, 5, last)) for first, last in spans]


def test_days_that_cannot_be_read_are_refused_in_a_sentence(
    warehouse: Warehouse, settings: Settings, config: SourceConfig
) -> None:
    today = datetime.now(UTC).date()
    with pytest.raises(WrongUsageError, match=rf"{today} is not over yet: end with "):
        unread_days(warehouse, settings, config, _FIRST, today)
    ended = config.model_copy(update={"until": date(2026, 4, 30)})
    with pytest.raises(WrongUsageError, match="declared for days from the start to 2026-04-30"):
        unread_days(warehouse, settings, ended, _FIRST, _LAST)
    files = SourceConfig.model_validate({"name": "apps", "path": "x.csv"})
    with pytest.raises(WrongUsageError, match="use usage-pipeline backfill 2026-05-01 2026-05-25"):
        unread_days(warehouse, settings, files, _FIRST, _LAST)


@pytest.mark.hypothesis
@given(st.sets(st.integers(0, 60)))
def test_questions_cover_each_day_once_and_no_other(offsets: set[int]) -> None:
    days = [_FIRST + timedelta(days=offset) for offset in sorted(offsets)]
    asked = list(questions(days))
    covered = [
        first + timedelta(days=offset)
        for first, last in asked
        for offset in range((last - first).days + 1)
    ]
    assert covered == days
    assert all((last - first).days < 7 for first, last in asked)
    rows = [
        len(list(group))
        for _, group in groupby(enumerate(sorted(offsets)), lambda each: each[1] - each[0])
    ]
    assert len(asked) == sum(-(-length // 7) for length in rows)


def test_killed_histories_leave_what_an_undisturbed_one_leaves(
    warehouse: Warehouse, module_warehouse: Warehouse, settings: Settings, config: SourceConfig
) -> None:
    started = time.monotonic()
    _read_all(str(settings.home), module_warehouse.url)
    undisturbed = time.monotonic() - started
    chance = random.Random(13)  # noqa: S311
    survivors = 0
    for _ in range(4):
        victim = context().Process(target=_read_all, args=(str(settings.home), warehouse.url))
        victim.start()
        victim.join(chance.uniform(0, undisturbed))
        if victim.exitcode is None:
            os.kill(victim.pid or 0, signal.SIGKILL)
        victim.join()
        survivors += victim.exitcode == 0
    assert survivors < 4
    _read_all(str(settings.home), warehouse.url)
    assert differences(contents_of(warehouse), contents_of(module_warehouse)) == []


def _read_all(home: str, url: str) -> None:
    warehouse = Warehouse(url)
    settings = Settings(home=Path(home), database_url=url, _env_file=None)
    (config,) = read_sources_file(settings.sources_path)
    days = unread_days(warehouse, settings, config, _FIRST, _LAST)
    assert len(list(read_history(warehouse, settings, config, days))) == len(days)


def test_the_command_reads_builds_and_does_not_ask_twice(
    warehouse: Warehouse, parsed_home: Path, crm: Path
) -> None:
    (parsed_home / "sources.yaml").write_text(_declaration(crm))
    environment = {
        **os.environ, "USAGE_HOME": str(parsed_home), "USAGE_DATABASE_URL": warehouse.url
    }  # fmt: skip

    def run(name: str, first: date, last: date) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "usage_pipeline.cli", "sources", "backfill", name]
        return subprocess.run(
            [*command, str(first), str(last)], env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    result = run("crm", _FIRST, date(2026, 5, 9))
    assert result.returncode == 0, result.stderr
    assert "crm: 9 days (2026-05-01 to 2026-05-09); 8 rows read = 8 loaded + " in result.stdout
    assert "Built 9 days (2026-05-01 to 2026-05-09)" in result.stdout
    with warehouse.connect() as connection:
        counts = connection.execute(
            "select count(*), sum(total_executions)::int from marts.workflow_daily_usage"
        ).fetchone()
    assert counts == (8, 8)
    # A system that is gone cannot be asked.
    crm.unlink()
    result = run("crm", _FIRST, date(2026, 5, 9))
    assert "crm: every day from 2026-05-01 to 2026-05-09 is loaded already." in result.stdout
    assert result.returncode == 0, result.stderr
    result = run("hr", _FIRST, _LAST)
    assert result.returncode == 2
    assert "declares no source 'hr': it declares crm." in result.stderr
