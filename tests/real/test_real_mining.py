"""Sequences mined from real executions through the warehouse, against the slow reference."""

from pathlib import Path

import pytest

from tests.oracle import Reading, read_csv
from tests.unit.mining import reference
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.steps.mine import mine_days
from usage_pipeline.warehouse.connection import Warehouse

SETS = [
    pytest.param("genai_alibaba_lora", id="bursts"),
    pytest.param("gha_pulumi_ci", id="few workflows"),
    pytest.param("hpc_llnl_atlas", marks=pytest.mark.long, id="ties in time"),
]


def history(reading: Reading) -> list[reference.Execution]:
    return [
        reference.Execution(
            str(each.id), str(each.user_id), str(each.workflow_id), each.start_time, each.status,
            each.trigger_type, each.attempt,
        )
        for each in reading.executions
    ]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", SETS)
def test_sequences_of_a_real_set_are_those_of_the_reference(
    name: str, real_data: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    path = real_data / name / "executions.csv.gz"
    settings = Settings(
        home=tmp_path, start_date="2006-01-01", mined_days=400, _env_file=None
    )  # fmt: skip
    days = [each.day for each in load_inputs(warehouse, settings, files_source([str(path)]))]
    mine_days(warehouse, settings, days, days[-1])
    sessions = reference.sessions(history(read_csv(path)))
    expected = {
        key: value
        for key, value in reference.sequence_occurrences(sessions, "UTC").items()
        if key[1] <= days[-1]
    }
    with warehouse.connect() as connection:
        found = connection.execute(
            "select user_id::text, execution_date, workflow_ids::text[], occurrence_count, "
            "last_executed from mining.daily_sequences"
        ).fetchall()
        hours = connection.execute("select sum(execution_count) from mining.daily_hours").fetchone()
    assert len(expected) > 10
    assert {(u, d, tuple(ids)): (count, last) for u, d, ids, count, last in found} == expected
    assert hours == (sum(map(reference.is_use, history(read_csv(path)))),)
