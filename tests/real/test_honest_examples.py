"""What docs/mining.md says of real executions is what is mined from them."""

from pathlib import Path

import pyarrow as pa
import pytest
from psycopg import sql

from tests.conftest import RunDbt
from usage_pipeline.mining.windows import mined_windows
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.steps.mine import mine_days, mine_windows, window_settings
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.mined.daily import read_days


def settings_for(home: Path) -> Settings:
    return Settings(home=home, start_date="2006-01-01", mined_days=400, _env_file=None)


def mined(name: str, real_data: Path, warehouse: Warehouse, home: Path) -> dict[str, pa.Table]:
    """Everything mined from all of a real set as of its last day, but insights."""
    source = files_source([str(real_data / name / "executions.csv.gz")])
    settings = settings_for(home)
    days = [each.day for each in load_inputs(warehouse, settings, source)]
    mine_days(warehouse, settings, days, days[-1])
    with snapshot(warehouse) as reader:
        statistics = read_days(reader, days[0], days[-1])
        workflows = reader.read(sql.SQL("select workflow_id, workflow_name from raw.workflows"))
    return mined_windows([statistics], workflows, window_settings(settings), days[-1])


def said_to(patterns: pa.Table, user: str, kind: str) -> list[str]:
    theirs = [row for row in patterns.to_pylist() if row["user_id"].startswith(user)]
    return [row["description"] for row in theirs if row["pattern_type"] == kind]


def test_image_generation_has_a_habit_and_a_frequent_pair_that_is_none(
    real_data: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    found = mined("genai_alibaba_lora", real_data, warehouse, tmp_path)
    assert 'After "TXT_2_IMG / M0001" you run "TXT_2_IMG / M0011" (21 of 30 times)' in said_to(
        found["usage_patterns"], "93bfdc7c", "sequence"
    )
    parts = found["workflow_subsequences"]
    pair = max(parts.to_pylist(), key=lambda row: row["support"])
    assert pair["user_id"].startswith("4e11d26f")
    assert (pair["support"], pair["day_count"], round(pair["lift"], 1)) == (10, 3, 0.9)
    assert said_to(found["usage_patterns"], "4e11d26f", "sequence") == []


@pytest.mark.long
def test_the_runs_of_one_project_have_no_pattern_but_insights(
    real_data: Path, warehouse: Warehouse, dbt_on: RunDbt, tmp_path: Path
) -> None:
    found = mined("gha_pulumi_ci", real_data, warehouse, tmp_path)
    assert found["workflow_sequence_windows"].num_rows > 10
    assert found["usage_patterns"].num_rows == 0
    with warehouse.connect() as connection:
        days = connection.execute(
            "select min(execution_date), max(execution_date) from raw.load_ledger"
        ).fetchone()
    assert days is not None
    dbt_on(warehouse, build_arguments(*days, days[1]))
    mine_windows(warehouse, settings_for(tmp_path), days[1])
    with warehouse.connect() as connection:
        counts = connection.execute(
            "select insight_type, count(*) from mining.usage_insights group by insight_type"
        ).fetchall()
    assert dict(counts).items() >= {"reliability_drop": 26, "struggling": 10}.items()


@pytest.mark.long
def test_jobs_of_a_cluster_are_handed_on_when_one_fails(
    real_data: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    patterns = mined("hpc_llnl_atlas", real_data, warehouse, tmp_path)["usage_patterns"]
    surest, *others = said_to(patterns, "6f259893", "conditional")
    assert surest == (
        'When "app-2613" fails you run "app-2614" (28 of 29 times; after a success 0 of 8)'
    )
    assert len(others) == 8
