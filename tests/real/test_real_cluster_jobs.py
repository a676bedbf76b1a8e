"""The jobs of a cluster: a module of its own, so that another worker can take it."""

from pathlib import Path

import pytest

from tests.real.conftest import Usage
from tests.real.test_real_executions import check_set
from usage_pipeline.warehouse.connection import Warehouse


@pytest.mark.long
def test_every_mart_equals_the_oracle(real_data: Path, warehouse: Warehouse, usage: Usage) -> None:
    check_set(real_data / "hpc_llnl_atlas", warehouse, usage)
