"""The dbt project on its own: everything builds, every unit and data test passes, docs are made."""

from collections.abc import Callable

from tests.executions import DAY, batch, execution
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.day_load import DayInput, load_day


def test_a_build_with_all_its_tests_passes_and_documents_itself(
    warehouse: Warehouse, run_dbt: Callable[[list[str]], str]
) -> None:
    load_day(warehouse, DAY, [DayInput("files", [batch([execution("run")])])])
    # Unit tests read the columns of what a model refers to, so that comes first.
    run_dbt(["run"])
    said = run_dbt(["build"])
    assert "ERROR=0" in said
    assert "WARN=0" in said
    assert said.count("PASS user_workflow_usage::") + said.count("unit_test") > 0
    assert "Catalog written" in run_dbt(["docs", "generate"])
