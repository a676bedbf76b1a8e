"""Databases as sources: the rows of a query, and one sentence for every way it can fail."""

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import InputError, UsageError, WrongUsageError
from usage_pipeline.sources.config import SourceConfig, read_sources_file
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.sources.source import Source

from .reading import write

_DAY, _NEXT = date(2026, 6, 1), date(2026, 6, 2)
_QUERY = "select * from runs where started_at >= :day_start and started_at < :day_end"
_ROWS = (
    (1, "ana", 7, "2026-06-01 00:00:00", "2026-06-01 00:00:01.5", "success", None),
    (2, "bo", 7, "2026-06-01 23:59:59", None, "running", 0.25),
    (3, None, 7, "2026-06-01 12:00:00", "2026-06-01 12:00:01", "success", "a lot"),
    (4, "ana", 8, "2026-06-02 00:00:00", "2026-06-02 00:01:00", "error", 2),
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "create table runs (id, user_id, workflow_id, started_at, ended_at, status, cost)"
        )
        connection.executemany("insert into runs values (?, ?, ?, ?, ?, ?, ?)", _ROWS)
    connection.close()
    return path


def _open(config: SourceConfig, folder: Path, **environment: str) -> Source:
    return open_source(
        config, folder / "spool", "UTC", first=_DAY, last=_NEXT, environment=environment
    )


def _config(url: object, query: str = _QUERY, **keys: Any) -> SourceConfig:
    return SourceConfig(name="crm", kind="sql", url=str(url), query=query, **keys)


def _rows(source: Source, day: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    batches = list(source.read_day(day))
    return (
        [row for batch in batches for row in batch.accepted.to_pylist()],
        [row for batch in batches for row in batch.rejected.to_pylist()],
    )


def test_a_query_gives_each_day_its_rows(tmp_path: Path, database: Path) -> None:
    source = _open(_config(f"sqlite:///{database}"), tmp_path)
    accepted, rejected = _rows(source, _DAY)
    assert [(row["source_id"], row["status"], row["source_user_id"]) for row in accepted] == [
        ("1", "completed", "ana"),
        ("2", "started", "bo"),
    ]
    assert [row["reason"] for row in rejected] == [
        'cost "a lot" is not a number; user_id is missing'
    ]
    assert rejected[0]["location"] == "crm:row 3"
    assert [row["source_id"] for row in _rows(source, _NEXT)[0]] == ["4"]
    assert source.days() == [_DAY, _NEXT]
    assert source.replaces == "nothing"
    assert source.inputs(_DAY) == [{"system": "sql", "rows": 3}]


def test_columns_are_mapped_as_those_of_files(tmp_path: Path, database: Path) -> None:
    query = _QUERY.replace("*", "id, user_id as login, workflow_id as job, started_at, status")
    columns = {"user_id": "login", "workflow_id": "job"}
    source = _open(_config(f"sqlite:///{database}", query, columns=columns), tmp_path)
    assert _rows(source, _NEXT)[0][0]["source_workflow_id"] == "8"
    mapped_wrong = _open(_config(f"sqlite:///{database}", columns={"user_id": "who"}), tmp_path)
    with pytest.raises(InputError, match=r"'crm' has no column 'who', which .* maps"):
        mapped_wrong.read_day(_DAY)


def test_a_database_is_found_beside_its_declaration(tmp_path: Path, database: Path) -> None:
    declared = {"name": "crm", "kind": "sql", "url": "sqlite:///runs.db", "query": _QUERY}
    config = read_sources_file(write(tmp_path / "sources.yaml", f"sources: [{declared}]"))[0]
    assert len(_rows(_open(config, tmp_path), _DAY)[0]) == 2


def test_a_query_cannot_change_the_database(tmp_path: Path, database: Path) -> None:
    query = "delete from runs where started_at >= :day_start and started_at < :day_end"
    with pytest.raises(InputError, match="does not take its query: attempt to write a readonly"):
        _open(_config(f"sqlite:///{database}", query), tmp_path).read_day(_DAY)
    with sqlite3.connect(database) as connection:
        assert connection.execute("select count(*) from runs").fetchone() == (4,)
    connection.close()


@pytest.mark.parametrize(
    ("url", "query", "sentence"),
    [
        ("sqlite:///nowhere.db", _QUERY, "cannot be opened: unable to open database file."),
        ("sqlite:///{}", _QUERY.replace("runs", "jobs"), "its query: no such table: jobs."),
        ("mysql://db/crm", _QUERY, "has a url of an unknown kind: write postgresql"),
        (
            "sqlite:///${MISSING}",
            _QUERY,
            "the environment variable MISSING, which is not set: set it, or MISSING_FILE",
        ),
        ("postgresql://me:secret@127.0.0.1:1/x", _QUERY, "cannot be opened: connection to server"),
        ("postgresql://me:secret@127.0.0.1:none/x", _QUERY, "cannot be opened"),
    ],
)
def test_every_failure_is_one_sentence(
    tmp_path: Path, database: Path, url: str, query: str, sentence: str
) -> None:
    source = _open(_config(url.format(database) if "{}" in url else url, query), tmp_path)
    with pytest.raises(InputError) as failure:
        source.read_day(_DAY)
    message = str(failure.value)
    assert sentence in message
    assert "'crm'" in message
    assert "\n" not in message
    assert "secret" not in message


def test_a_query_that_takes_too_long_is_stopped(tmp_path: Path, database: Path) -> None:
    query = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000) "
        "select count(*) from n where :day_start < :day_end"
    )
    with pytest.raises(InputError, match=r"took longer than 1 s and was stopped"):
        _open(_config(f"sqlite:///{database}", query, query_seconds=1), tmp_path).read_day(_DAY)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"kind": "sql", "query": _QUERY}, "a source of the kind sql needs url"),
        ({"kind": "sql", "url": "sqlite:///a", "query": "select 1"}, "query must ask for one day"),
        ({"kind": "sql", "path": "a.csv"}, "kind sql has no path: it needs url and query"),
        ({"path": "a.csv", "url": "sqlite:///a"}, "url is not a key of the kind files"),
        ({}, "a source of the kind files needs a path"),
    ],
)
def test_keys_of_other_kinds_are_refused(
    tmp_path: Path, keys: dict[str, str], sentence: str
) -> None:
    file = write(tmp_path / "sources.yaml", f"sources: [{ {'name': 'crm', **keys} }]")
    with pytest.raises(UsageError, match=sentence):
        read_sources_file(file)


def test_a_system_is_asked_for_days_that_somebody_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="name them with --from and --to"):
        open_source(_config("sqlite:///runs.db"), tmp_path, "UTC")
