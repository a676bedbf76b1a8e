"""The command as a user types it: in processes of its own, with its exit codes and sentences."""

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from usage_pipeline.warehouse.connection import Warehouse

Run = Callable[..., subprocess.CompletedProcess[str]]
_COMMAND = [sys.executable, "-m", "usage_pipeline.cli"]
_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"
_ROWS = (
    "1,ana,report,Weekly report,2026-06-01T09:00:00Z,2026-06-01T09:05:00Z,completed,manual\n"
    "2,ana,report,Weekly report,2026-06-02T09:00:00Z,2026-06-02T09:05:00Z,failed,manual\n"
    "3,,report,Weekly report,2026-06-02T10:00:00Z,,completed,manual\n"
    "2,ana,report,Weekly report,2026-06-02T09:00:00Z,,started,manual\n"
)


@pytest.fixture
def environment(warehouse: Warehouse, parsed_home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "USAGE_HOME": str(parsed_home),
        "USAGE_DATABASE_URL": warehouse.url,
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    def command(*arguments: object, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment, **changed},
            check=False,
        )

    return command


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    file = tmp_path / "executions.csv.gz"
    file.write_bytes(gzip.compress((_HEADER + _ROWS).encode()))
    return file


def _fails(result: subprocess.CompletedProcess[str], code: int, sentence: str) -> None:
    assert result.returncode == code, result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2, result.stderr


def test_files_are_loaded_and_built_and_every_row_is_accounted_for(
    run: Run, exports: Path, warehouse: Warehouse
) -> None:
    loaded = run("load", "--files", exports)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout == (
        "files: 2 days (2026-06-01 to 2026-06-02); "
        "4 rows read = 2 loaded + 1 rejected + 1 duplicate.\n"
    )
    # One of three rows of the day was rejected: far more than is let through by default.
    limit = {"USAGE_REJECTED_SHARE_LIMIT": "0.5"}
    built = run("backfill", "2026-06-01", "2026-06-02", **limit)
    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith("Built 2 days (2026-06-01 to 2026-06-02)")
    # 2026-06-01 has one pair, and 2026-06-02 another row of the same: each partition says its own.
    assert _partition_counts(warehouse, "user_workflow_usage") == {"2026-06-01": 1, "2026-06-02": 1}
    status = run("status").stdout
    assert "2 days loaded, 2026-06-01 to 2026-06-02; 2 executions, 1 rejected row." in status
    assert status.count("rolled up") == 2
    assert "Marts: as of 2026-06-02." in status
    with warehouse.connect() as connection:
        assert connection.execute(
            "select workflow_name, total_executions, success_rate from marts.popular_workflows "
            "where as_of_date = '2026-06-02'"
        ).fetchall() == [("Weekly report", 2, 0.5)]


def _partition_counts(warehouse: Warehouse, mart: str) -> dict[str, int]:
    """The rows of each partition, as the events of the last run give them."""
    with warehouse.connect() as connection:
        events = connection.execute(
            "select partition, event::jsonb from dagster.event_logs "
            "where dagster_event_type = 'ASSET_MATERIALIZATION' and asset_key = %s",
            [f'["marts", "{mart}"]'],
        ).fetchall()
    counts = {}
    for partition, event in events:
        data = event["dagster_event"]["event_specific_data"]["materialization"]
        for entry in data["metadata_entries"]:
            if entry["label"] == "dagster/partition_row_count":
                counts[partition] = entry["entry_data"]["value"]
    return counts


def test_a_day_with_too_many_rejected_rows_is_not_built_into_the_marts(
    run: Run, exports: Path, warehouse: Warehouse
) -> None:
    run("load", "--files", exports)
    built = run("run", "2026-06-02")
    assert built.returncode == 1
    sentence = (
        "Error: 2026-06-02: 1 of 3 rows rejected (33%), more than USAGE_REJECTED_SHARE_LIMIT "
        "allows (0.05), so that the marts are not built"
    )
    why, where = [line for line in built.stderr.splitlines() if line.startswith("Error: ")]
    assert why.startswith(sentence)
    assert where.startswith("Error: Run ")
    assert "Dagster" not in why + where
    with warehouse.connect() as connection:
        marts = connection.execute("select to_regclass('marts.user_workflow_usage')").fetchone()
    assert marts == (None,)


@pytest.mark.long
def test_the_marts_are_as_of_the_last_day_that_is_built_not_of_one_that_is_only_loaded(
    run: Run, exports: Path, warehouse: Warehouse
) -> None:
    run("load", "--files", exports)
    built = run("run", "2026-06-01")
    assert built.returncode == 0, built.stderr
    assert "Marts: as of 2026-06-01." in run("status").stdout
    with warehouse.connect() as connection:
        days = connection.execute("select distinct as_of_date from marts.popular_workflows")
        assert days.fetchall() == [(date(2026, 6, 1),)]


def test_a_header_without_rows_is_an_empty_day_only_where_the_user_says_so(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "quiet.csv"
    file.write_text(_HEADER)
    silent = run("load", "--files", file)
    _fails(silent, 3, "--empty-days")
    span = ("--from", "2026-06-01", "--to", "2026-06-02", "--empty-days")
    loaded = run("load", "--files", file, *span)
    assert loaded.stdout == (
        "files: 2 days (2026-06-01 to 2026-06-02); "
        "0 rows read = 0 loaded + 0 rejected + 0 duplicates.\n"
    )
    assert "2 days loaded, 2026-06-01 to 2026-06-02; 0 executions" in run("status").stdout


def test_a_corrected_file_empties_the_day_that_it_no_longer_holds(
    run: Run, exports: Path, tmp_path: Path
) -> None:
    run("load", "--files", exports)
    span = ("--from", "2026-06-02", "--to", "2026-06-02", "--empty-days")
    file = tmp_path / "corrected.csv"
    file.write_text(_HEADER)
    emptied = run("load", "--files", file, *span)
    assert emptied.returncode == 0, emptied.stderr
    assert "1 replaced" in emptied.stderr
    assert "2 days loaded, 2026-06-01 to 2026-06-02; 1 execution, " in run("status").stdout


def test_without_anything_loaded_the_user_is_told_how_to_load(run: Run) -> None:
    assert "usage-pipeline load" in run("status").stdout
    result = run("run", "2026-06-02")
    assert result.returncode == 1
    assert "2026-06-02 is not loaded, and no source in" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_not_there_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run("load", "--files", tmp_path / "none.csv")
    _fails(result, 3, "none.csv")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["run", "yesterday"], 2, "'yesterday' is not a day: write it like 2026-06-28."),
        (["backfill", "2026-06-02", "2026-06-01"], 2, "swap them"),
        (["load", "--files", "x", "--from", "2026-06-02", "--to", "2026-06-01"], 2, "swap them"),
        (["load", "--files", "x", "--github-export", "y"], 2, "Give one of --files"),
        (["load", "--sources", "x", "--name", "y"], 2, "into x"),
        (["run", "2001-01-01"], 1, "USAGE_START_DATE"),
        (["load", "--files", __file__, "--empty-days"], 2, "needs --from and --to"),
        (["load"], 2, "Give one of --files, --github-export and --sources."),
        (["stop"], 1, "nothing to stop"),
    ],
)
def test_a_mistake_is_one_sentence(
    run: Run, arguments: list[str], code: int, sentence: str
) -> None:
    _fails(run(*arguments), code, sentence)


def test_a_database_that_is_down_is_one_sentence_and_a_code_of_its_own(run: Run) -> None:
    down = "postgresql://me:secret@127.0.0.1:1/usage"
    result = run("status", USAGE_DATABASE_URL=down)
    _fails(result, 4, "does not answer")
    assert "secret" not in result.stderr + result.stdout


def test_a_wrong_password_is_one_sentence(run: Run, warehouse: Warehouse) -> None:
    wrong = warehouse.url.replace(warehouse.parts["password"], "wrong")
    _fails(run("status", USAGE_DATABASE_URL=wrong), 4, "refuses user 'usage_owner'")


def test_help_names_every_command_and_needs_nothing(run: Run) -> None:
    text = run("--help", USAGE_DATABASE_URL="postgresql://me@127.0.0.1:1/usage").stdout
    commands = [
        "demo",
        "run",
        "backfill",
        "load",
        "up",
        "stop",
        "status",
        "psql",
        "bi-login",
        "owner-url",
        "env",
        "generate",
        "forget-user",
    ]
    assert [command for command in commands if f"\n  {command} " not in text] == []
    assert "..." not in text.partition("Commands:")[2]


def test_psql_and_url_reach_the_warehouse(run: Run, warehouse: Warehouse) -> None:
    assert run("psql", "-Atc", "select 6 * 7").stdout == "42\n"
    assert run("owner-url").stdout.strip() == warehouse.url


def test_generated_files_load(run: Run, tmp_path: Path) -> None:
    made = run("generate", tmp_path / "made", "--days", "3", "--per-day", "50", "--users", "8")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "made" / "truth.json").exists()
    loaded = run("load", "--files", tmp_path / "made" / "*.csv.gz")
    assert "files: 3 days (2026-05-04 to 2026-05-06)" in loaded.stdout, loaded.stderr


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_port_in_use_is_one_sentence_before_anything_starts(run: Run, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = "--port" if option == "--api-port" else "--api-port"
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            unused = other.getsockname()[1]
        result = run("up", option, taken.getsockname()[1], free, unused)
    _fails(result, 1, f"choose another with {option}.")


def test_up_serves_the_web_ui_and_the_api_and_stops_cleanly_on_ctrl_c(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as free, socket.socket() as free_too:
        free.bind(("127.0.0.1", 0))
        free_too.bind(("127.0.0.1", 0))
        port, api_port = free.getsockname()[1], free_too.getsockname()[1]
    process = subprocess.Popen(
        [*_COMMAND, "up", "--port", str(port), "--api-port", str(api_port)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "up.log").open("w"),
        text=True,
    )
    api = f"http://127.0.0.1:{api_port}/health"
    try:
        web_ui = f"http://127.0.0.1:{port}/server_info"
        _until_answered(web_ui, b"dagster_webserver_version", process)
        _until_answered(api, b'{"status":"ok"}', process)
        assert _logins_of_the_api(environment) == {"usage_api"}
        _kill_child(process.pid, str(api_port))
        _until_answered(api, b'{"status":"ok"}', process)
        _until_answered(web_ui, b"dagster_webserver_version", process)
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Dashboard and API: http://127.0.0.1:{api_port}" in out
    assert "The API ended with exit code -9 and is started again in 1 s" in out
    assert "The web UI, the daemon and the API have stopped." in out
    assert (tmp_path / "up.log").read_text() == ""


def _logins_of_the_api(environment: dict[str, str]) -> set[str]:
    """Without the names of their databases."""
    with psycopg.connect(environment["USAGE_DATABASE_URL"]) as connection:
        sessions = connection.execute(
            "select replace(usename, '_' || datname, '') from pg_stat_activity "
            "where application_name = 'usage-pipeline api' and datname = current_database()"
        )
        return {str(name) for (name,) in sessions.fetchall()}


def _until_answered(url: str, text: bytes, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
                assert text in answer.read()
            return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)


def _kill_child(parent: int, argument: str) -> None:
    """Kill the child process that was started with an argument."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    (child,) = [
        pid
        for pid in children
        if argument.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]
    os.kill(int(child), signal.SIGKILL)


def test_keys_are_made_once_listed_without_the_key_and_revoked(run: Run) -> None:
    made = run("keys", "create", "billing", "--scope", "track", "--scope", "read:all")
    key = made.stdout.strip()
    assert key.startswith("wu_"), made.stderr
    assert len(key) > 40
    listed = run("keys", "list").stdout
    assert "billing" in listed
    assert "read:all track" in listed
    assert key not in listed
    _fails(run("keys", "create", "billing", "--scope", "track"), 1, "take another name")
    _fails(run("keys", "create", "x", "--scope", "everything"), 1, "everything is no scope")
    _fails(run("keys", "create", "x", "--scope", "read:self"), 1, "needs a user")
    refused = run("keys", "create", "x", "--scope", "read:self", "--user", "nobody")
    _fails(refused, 1, "There is no user 'nobody' in the namespace 'tracked'")
    assert run("keys", "revoke", "billing").returncode == 0
    _fails(run("keys", "revoke", "nobody"), 1, "There is no key named 'nobody'")


def test_the_api_listens_beyond_this_machine_only_with_access_control(run: Run) -> None:
    for command in ("api", "up"):
        refused = run(command, USAGE_API_HOST="0.0.0.0")  # noqa: S104
        _fails(refused, 1, "does not listen on 0.0.0.0 without access control")


def test_a_taken_port_is_one_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _fails(run("api", "--port", port), 1, f"cannot listen on 127.0.0.1 port {port}")
