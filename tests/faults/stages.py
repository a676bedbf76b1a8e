"""The steps of a night as functions of two strings, for a process that is going to be killed.

Each does what the asset of the same step does. They run in a process forked from one that has
imported everything, so that what is killed is work and not the start of Python.
"""

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from dbt.cli.main import dbtRunner

from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import build_arguments, dbt_environment, project_directory
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import last_loaded_day
from usage_pipeline.warehouse.locks import building

FIRST = date(2026, 5, 4)
DAYS = 10
# The night loads these two: the day that ended, and the one before it, of which rows came late.
NIGHT = (FIRST + timedelta(days=DAYS - 2), FIRST + timedelta(days=DAYS - 1))


def settings_of(home: str, url: str) -> Settings:
    return Settings(home=Path(home), database_url=url, retention_days=7, _env_file=None)


def load(home: str, url: str) -> None:
    load_configured_days(_warehouse(url), settings_of(home, url), NIGHT)


def build(home: str, url: str) -> None:
    warehouse = _warehouse(url)
    with warehouse.connect() as connection:
        as_of = last_loaded_day(connection)
    assert as_of is not None
    with building(warehouse):
        run_dbt(home, url, build_arguments(*NIGHT, as_of))


def mine(home: str, url: str) -> None:
    warehouse, settings = _warehouse(url), settings_of(home, url)
    with building(warehouse):
        mine_days(warehouse, settings, NIGHT, NIGHT[-1])
        mine_windows(warehouse, settings, NIGHT[-1])


def retire(home: str, url: str) -> None:
    warehouse = _warehouse(url)
    with building(warehouse):
        apply_retention(warehouse, settings_of(home, url), NIGHT[-1])


def backfill(home: str, url: str) -> None:
    days = [FIRST + timedelta(days=offset) for offset in range(DAYS)]
    load_configured_days(_warehouse(url), settings_of(home, url), days)


STAGES: dict[str, Callable[[str, str], None]] = {
    "load": load,
    "build": build,
    "mine": mine,
    "retire": retire,
}
BESIDE: dict[str, Callable[[str, str], None]] = {
    "backfill": backfill,
    "nothing": lambda *_: None,
}


def run_dbt(home: str, url: str, arguments: list[str]) -> None:
    """Run dbt in this process, so that killing the process kills dbt itself."""
    os.environ.update(dbt_environment(_warehouse(url), threads=2))
    project, target = str(project_directory()), str(Path(home) / "dbt")
    result = dbtRunner().invoke(
        [
            "--quiet", *arguments, "--project-dir", project, "--profiles-dir", project,
            "--target-path", target, "--log-path", f"{target}/logs",
        ]
    )  # fmt: skip
    if not result.success:
        raise RuntimeError(f"dbt failed: {result.exception or _reasons(result.result)}")


def _reasons(result: object) -> str:
    found = [each for each in getattr(result, "results", []) if each.status in ("error", "fail")]
    return "; ".join(f"{each.node.name}: {each.message}" for each in found)


def _warehouse(url: str) -> Warehouse:
    return Warehouse(url, lock_timeout=0.5)
