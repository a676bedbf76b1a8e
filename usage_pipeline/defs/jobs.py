"""The jobs: what runs together."""

from typing import Any

import dagster as dg

NIGHTLY = "nightly"


def nightly_job() -> Any:
    """The job of every night and of every backfill: load, build every mart, check."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        # The steps follow one another, and a process of its own for each would take longer to
        # start than most take to run.
        executor_def=dg.in_process_executor,
        description="Loads the days, builds every mart of them, runs the checks.",
    )
