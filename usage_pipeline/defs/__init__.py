"""Everything Dagster: assets, checks, jobs, schedules, sensors. Thin: read, call, write, report.

Domain logic is in `mining/`, `sources/` and `warehouse/`; SQL is in `dbt_project/`.
"""

import warnings

import dagster as dg

from usage_pipeline.defs.alerts import failure_alert
from usage_pipeline.defs.checks import raw_checks
from usage_pipeline.defs.executions import load_asset
from usage_pipeline.defs.failed_days import failed_days_asset
from usage_pipeline.defs.favourites import favourites_asset
from usage_pipeline.defs.jobs import backfill_job, nightly_job
from usage_pipeline.defs.marts import mart_assets
from usage_pipeline.defs.mining import mining_assets
from usage_pipeline.defs.mining_checks import mining_checks
from usage_pipeline.defs.retention import retention_asset
from usage_pipeline.defs.schedules import nightly_schedule
from usage_pipeline.orchestration.partitions import daily_partitions
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.settings import Settings

# Every run that covers several days needs it, and nothing else does the same.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)


def build_definitions(settings: Settings) -> dg.Definitions:
    """Assemble the code location for the given settings.

    Raises:
        UsageError: the dbt project cannot be parsed.
    """
    partitions = daily_partitions(settings)
    marts, dbt = mart_assets(settings, partitions)
    nightly = nightly_job()
    return dg.Definitions(
        assets=[
            load_asset(partitions),
            failed_days_asset(partitions),
            *mining_assets(partitions),
            *marts,
            retention_asset(partitions),
            favourites_asset(partitions),
        ],
        asset_checks=[*raw_checks(settings), *mining_checks()],
        jobs=[nightly, backfill_job()],
        schedules=[nightly_schedule(settings, nightly)],
        sensors=[failure_alert(settings)],
        resources={"warehouse": WarehouseResource(), "dbt": dbt},
    )
