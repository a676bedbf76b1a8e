"""The dbt project on its own: everything builds, every unit and data test passes, docs are made."""

import os
import subprocess
from pathlib import Path

from tests.executions import DAY, batch, execution
from usage_pipeline.steps.build import dbt_environment, dbt_executable, project_directory
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day


def test_a_build_with_all_its_tests_passes_and_documents_itself(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    load_day(warehouse, DAY, [DayInput("files", [batch([execution("run")])])])

    def dbt(*arguments: str) -> str:
        """Run the command in the project's folder, as a person does, but write elsewhere."""
        written = {"DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}
        result = subprocess.run(
            [dbt_executable(), "--no-use-colors", *arguments],
            capture_output=True,
            text=True,
            cwd=project_directory(),
            env={**os.environ, **dbt_environment(warehouse, threads=2), **written},
            check=False,
        )
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
        return result.stdout

    # Unit tests read the columns of what a model refers to, so that comes first.
    dbt("run")
    said = dbt("build")
    assert "ERROR=0" in said
    assert "WARN=0" in said
    assert "PASS user_workflow_usage::" in said
    assert "Catalog written" in dbt("docs", "generate")
