"""A warehouse as the nights of a small organisation leave it, with guests that try its pages."""

import csv
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from tests.conftest import RunDbt
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.synthetic import GeneratorConfig, write
from usage_pipeline.warehouse.connection import Warehouse

CONFIG = GeneratorConfig(
    seed=20_260_628, readable_ids=True, executions_per_day=300, users=45, workflows=30,
    dirty_share=0.004, duplicate_share=0.01,
)  # fmt: skip
"""The demo of the command line, with fewer people."""

HOSTILE_USER = "<b>mallory</b>"
HOSTILE_NAMES = (
    '<img src=x onerror="window.hacked=1">',
    "<script>window.hacked=1</script>",
    "javascript:window.hacked=1//\u202egpj.exe",
    "日次売上レポート",
    "تقرير المبيعات اليومي",
    "x" * 250,
)
"""Names of one user's workflows: attacks, other scripts, no place to break a line."""

BUSY_USER = "has.everything"
MANY_WORKFLOWS = 10_000
"""How many workflows one user has."""


def fill(warehouse: Warehouse, settings: Settings, folder: Path, dbt_on: RunDbt) -> None:
    """Load, build and mine eight weeks."""
    write(CONFIG, folder)
    _write_guests(folder / "guests.csv")
    paths = [str(folder / "*.csv.gz"), str(folder / "guests.csv")]
    assert list(load_inputs(warehouse, settings, files_source(paths)))
    first, last = CONFIG.first_day, CONFIG.last_day
    build = [*build_arguments(first, last, last), "--exclude-resource-type", "test", "unit_test"]
    dbt_on(warehouse, build)
    days = [first + timedelta(days=offset) for offset in range(CONFIG.days)]
    mine_days(warehouse, settings, days, last)
    mine_windows(warehouse, settings, last)
    # What the organisation could do is read from what was mined.
    dbt_on(warehouse, [*build, "--select", "organisation_insights"])


def _write_guests(path: Path) -> None:
    noon = datetime.combine(CONFIG.last_day, time(12), UTC)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["id", "user_id", "workflow_id", "workflow_name", "start_time", "end_time", "status"]
        )
        for day in range(6):
            for step, name in enumerate(HOSTILE_NAMES):
                start = noon - timedelta(days=day) + timedelta(minutes=step)
                row = [f"hostile-{day}-{step}", HOSTILE_USER, f"hostile-{step}", name]
                rows.writerow([*row, start, start + timedelta(seconds=20), "completed"])
        for number in range(MANY_WORKFLOWS):
            start = noon - timedelta(hours=6) + timedelta(seconds=number)
            row = [f"many-{number}", BUSY_USER, f"many-{number}", f"Workflow number {number}"]
            rows.writerow([*row, start, start + timedelta(seconds=1), "completed"])
