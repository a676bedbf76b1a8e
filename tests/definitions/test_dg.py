"""Dagster's own command on the code location, as the data team types it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from usage_pipeline.orchestration.home import prepare_dagster_home
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import loaded_days

pytestmark = pytest.mark.long

_DAY = date(2026, 6, 28)
_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"
Dg = Callable[..., str]


@pytest.fixture
def dg_command(warehouse: Warehouse, parsed_home: Path) -> Dg:
    settings = Settings(home=parsed_home, database_url=warehouse.url, _env_file=None)
    environment = {
        **os.environ,
        **prepare_dagster_home(settings, warehouse),
        "USAGE_DATABASE_URL": warehouse.url,
    }
    program = shutil.which("dg")
    assert program is not None

    def run(*arguments: str) -> str:
        result = subprocess.run(
            [program, *arguments],
            cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
        return result.stdout + result.stderr

    return run


def test_dg_finds_nothing_wrong_and_lists_what_there_is(dg_command: Dg) -> None:
    assert "All definitions loaded successfully" in dg_command("check", "defs")
    listed = dg_command("list", "defs", "--json")
    for name in ("marts/popular_workflows", "readers/dashboard", "nightly", "few_rows_rejected"):
        assert name in listed


def test_dg_launches_one_day_of_a_part_of_a_load(
    dg_command: Dg, warehouse: Warehouse, parsed_home: Path
) -> None:
    (parsed_home / "sources.yaml").write_text("- {name: apps, path: '{day}.csv'}\n")
    row = f"1,ana,report,Report,{_DAY}T09:00:00Z,{_DAY}T09:05:00Z,completed,manual\n"
    (parsed_home / f"{_DAY}.csv").write_text(_HEADER + row)
    said = dg_command("launch", "--assets", "key:raw/workflows", "--partition", str(_DAY))
    assert f"{_DAY}: 1 loaded" in said
    assert "Traceback" not in said
    with warehouse.connect() as connection:
        assert loaded_days(connection) == [_DAY]
