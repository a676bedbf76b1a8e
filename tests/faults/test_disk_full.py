"""A disk that is full: one sentence, nothing changed, and all is well once there is room again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.executions import DAY, batch, execution
from tests.faults.contents import contents_of, differences
from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day

_MEGABYTE = 1 << 20
_SIZE = 48 * _MEGABYTE


@pytest.fixture
def small_disk(server: EmbeddedServer) -> Iterator[Path]:
    """A disk of some megabytes that the server can reach."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root; the limit on files below does not")
    folder = server.directory / f"small-{uuid4().hex[:8]}"
    folder.mkdir()
    owner = server.data.stat()
    options = f"size={_SIZE},mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "usage-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("this machine lets even root mount nothing")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def warehouse_on_it(server: EmbeddedServer, migrated: str, small_disk: Path) -> Iterator[Warehouse]:
    name = sql.Identifier(f"small_{uuid4().hex[:12]}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create tablespace {} location {}").format(name, sql.Literal(str(small_disk)))
        )
        connection.execute(
            sql.SQL("create database {0} template {1} tablespace {0}").format(
                name, sql.Identifier(migrated)
            )
        )
    database = name.as_string(None).strip('"')
    yield Warehouse(f"{server.url.rsplit('/', 1)[0]}/{database}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
        connection.execute(sql.SQL("drop tablespace {}").format(name))


def _load(warehouse: Warehouse, name: str, count: int) -> None:
    rows = [execution(f"{name}-{n}", error_message=f"{n}" * 40) for n in range(count)]
    load_day(warehouse, DAY, [DayInput("files", [batch(rows)])])


def test_a_full_disk_stops_the_load_with_one_sentence_and_leaves_the_day_as_it_was(
    warehouse_on_it: Warehouse, small_disk: Path
) -> None:
    warehouse = warehouse_on_it
    _load(warehouse, "old", 10)
    before = contents_of(warehouse)
    room = os.statvfs(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - _MEGABYTE))
    with pytest.raises(WarehouseUnavailableError, match="no disk space left: free some and run"):
        _load(warehouse, "new", 20_000)
    assert differences(contents_of(warehouse), before) == []
    ballast.unlink()
    _load(warehouse, "new", 20_000)
    with warehouse.connect() as connection:
        found = connection.execute("select count(*) from raw.workflow_executions_simple")
        assert found.fetchone() == (20_000,)


def test_a_home_without_room_for_the_rows_that_wait_is_one_sentence(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    lines = [
        f"{n},ana,report,Report,2026-06-01T09:00:00Z,,completed,manual\n" for n in range(20_000)
    ]
    header = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"
    (tmp_path / "a.csv").write_text(header + "".join(lines))
    # What the limit gives is "file too large" instead of "no space left"; any user can set it.
    script = (
        "import resource, sys; from usage_pipeline.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
        "sys.argv = ['usage-pipeline', 'load', '--files', 'a.csv']; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "USAGE_HOME": str(tmp_path / "home"),
            "USAGE_DATABASE_URL": warehouse.url,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert "cannot be written to" in result.stderr
    assert "Traceback" not in result.stderr
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from raw.load_ledger").fetchone() == (0,)
    assert list((tmp_path / "home").glob("spool-*")) == []
