"""The command as a user types it, on a warehouse and in a home of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.warehouse.connection import Warehouse

Usage = Callable[..., str]


@pytest.fixture
def usage(warehouse: Warehouse, tmp_path: Path, parsed_home: Path) -> Usage:
    """Runs `usage-pipeline` with arguments and returns what it printed."""
    command = Path(sys.executable).with_name("usage-pipeline")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("USAGE_")}
    settings = {
        "USAGE_HOME": str(parsed_home),
        "USAGE_DATABASE_URL": warehouse.url,
        "USAGE_START_DATE": "2006-01-01",  # the oldest set is of 2006
    }

    def run(*arguments: object) -> str:
        result = subprocess.run(
            [str(command), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**inherited, **settings},
            check=False,
        )
        said = result.stdout + result.stderr
        assert result.returncode == 0, f"{' '.join(map(str, arguments))}\n{said[-6000:]}"
        return result.stdout

    return run
