"""Builds the marts of some days outside Dagster, in a process of dbt's own.

For changes to what was loaded long ago; nights and backfills go through the assets in `defs/`.
"""

import subprocess
import sys
from datetime import date

from usage_pipeline.errors import UsageError
from usage_pipeline.processes import child_environment
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import build_arguments, dbt_environment, project_directory
from usage_pipeline.warehouse.connection import Warehouse


def rebuild_marts(
    settings: Settings, warehouse: Warehouse, first: date, last: date, as_of: date
) -> None:
    """Build everything that the days `first` to `last` touch, and test it.

    To be called while holding the lock under which marts are built (`locks.building`).

    Raises:
        UsageError: dbt failed; the sentence carries its own message.
    """
    project = project_directory()
    target = settings.dbt_target / "rebuild"
    result = subprocess.run(  # noqa: S603 - our own interpreter and arguments, no shell
        [
            sys.executable, "-m", "usage_pipeline.processes", "dbt.cli.main", "--quiet",
            "--no-use-colors",
            *build_arguments(first, last, as_of),
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(target), "--log-path", str(target / "logs"),
        ],
        capture_output=True,
        text=True,
        env=child_environment(dbt_environment(warehouse, settings.dbt_threads)),
        check=False,
    )  # fmt: skip
    if result.returncode != 0:
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        raise UsageError(f"dbt could not build the marts: {' '.join(lines[-5:])}")
