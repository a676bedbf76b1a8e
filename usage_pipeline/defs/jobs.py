"""The jobs: what runs together."""

from typing import Any

import dagster as dg

NIGHTLY = "nightly"
BACKFILL = "backfill"


def nightly_job() -> Any:
    """The job of every night: load, build every mart, mine, retire, check."""
    return _whole_graph(NIGHTLY, "Loads a day, builds every mart of it, mines, runs the checks.")


def backfill_job() -> Any:
    """The same for many days in one run; a job of its own keeps the history of nights readable."""
    return _whole_graph(BACKFILL, "Does what the nightly job does, for a range of days in one run.")


def _whole_graph(name: str, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description=description,
    )
