"""The embedded server: its life, its rights, and what happens when it is killed."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.config import server_config
from usage_pipeline.warehouse.embedded.server import EmbeddedServer


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(tmp_path / "home")
    yield embedded
    embedded.destroy()


def _value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def _postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n")[0])


def test_it_starts_once_and_starting_it_again_changes_nothing(own_server: EmbeddedServer) -> None:
    first = own_server.start()
    pid = _postmaster(own_server)
    assert own_server.start() == first
    assert _postmaster(own_server) == pid
    assert str(_value(first, "show server_version")).startswith("18.")


def test_it_listens_on_this_machine_only_and_wants_its_password(own_server: EmbeddedServer) -> None:
    url = own_server.start()
    assert _value(url, "show listen_addresses") == "127.0.0.1"
    assert _value(url, "select count(*) from pg_hba_file_rules where auth_method = 'trust'") == 0
    stranger = Warehouse(url.replace(own_server.password, "wrong"))
    with pytest.raises(WarehouseUnavailableError, match="refuses user 'usage_owner'"):
        stranger.connect().__enter__()
    assert stat.S_IMODE((own_server.directory / "password").stat().st_mode) == 0o600


def test_two_starters_at_once_end_up_with_one_server(own_server: EmbeddedServer) -> None:
    homes = [EmbeddedServer(own_server.directory.parent) for _ in range(4)]
    script = (
        "from pathlib import Path; import sys;"
        "from usage_pipeline.warehouse.embedded.server import EmbeddedServer;"
        "print(EmbeddedServer(Path(sys.argv[1])).start())"
    )
    home = str(own_server._home)

    def start(_: EmbeddedServer) -> str:
        return subprocess.run(
            [sys.executable, "-c", script, home], capture_output=True, text=True, check=True
        ).stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(start, homes))
    assert urls == {own_server.url}


def test_it_outlives_the_process_that_started_it_and_stop_ends_it(
    own_server: EmbeddedServer,
) -> None:
    url = own_server.start()
    assert own_server.stop()
    assert not own_server.is_running()
    assert not own_server.stop()
    with (
        pytest.raises(WarehouseUnavailableError, match="does not answer"),
        Warehouse(url).connect(),
    ):
        pass


def test_after_kill_9_it_recovers_what_was_committed(own_server: EmbeddedServer) -> None:
    url = own_server.start()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 42 as answer")
    os.kill(_postmaster(own_server), signal.SIGKILL)
    time.sleep(0.2)
    assert _value(own_server.start(), "select answer from kept") == 42


def test_two_homes_run_side_by_side(own_server: EmbeddedServer, tmp_path: Path) -> None:
    other = EmbeddedServer(tmp_path / "other")
    try:
        assert own_server.start() != other.start()
        assert own_server.port != other.port
    finally:
        other.destroy()


def test_it_never_runs_as_root(own_server: EmbeddedServer) -> None:
    own_server.start()
    assert Path(f"/proc/{_postmaster(own_server)}").stat().st_uid != 0


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseUnavailableError, match="choose another with USAGE_HOME"):
        EmbeddedServer(tmp_path / "file" / "home").start()


def test_memory_follows_the_machine_within_bounds() -> None:
    assert "shared_buffers = '128MB'" in server_config(5432, 512 * 1024**2)
    assert "shared_buffers = '2048MB'" in server_config(5432, 512 * 1024**3)


def test_its_log_is_a_file_for_each_day_of_the_week_that_is_written_over(
    own_server: EmbeddedServer,
) -> None:
    url = own_server.start()
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("select from what_no_table_is_called")
    files = sorted(own_server.directory.glob("logs/*.log"))
    assert {file.stem for file in files} <= {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
    assert any("what_no_table_is_called" in file.read_text() for file in files)
    assert _value(url, "show log_rotation_age") == "1d"
    assert _value(url, "show log_truncate_on_rotation") == "on"
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    # What is said before a start has opened that file is kept of the last start alone.
    first = (own_server.directory / "server.log").stat().st_size
    own_server.stop()
    own_server.start()
    assert (own_server.directory / "server.log").stat().st_size <= first + 200
