"""Everything Dagster: assets, checks, jobs, schedules, sensors. Thin: read, call, write, report.

Domain logic is in `mining/`, `sources/` and `warehouse/`; SQL is in `dbt_project/`.
"""

import json
from datetime import date
from typing import cast

import dagster as dg

from usage_pipeline.defs.alerts import failure_alert
from usage_pipeline.defs.checks import CHECKS
from usage_pipeline.defs.common import WarehouseResource, with_partitions
from usage_pipeline.defs.executions import failed_days, load_executions
from usage_pipeline.defs.favourites import workflow_favorites
from usage_pipeline.defs.freshness import with_freshness
from usage_pipeline.defs.marts import mart_assets
from usage_pipeline.defs.mining import daily_statistics, windows
from usage_pipeline.defs.outside import outside_assets, with_sources
from usage_pipeline.defs.retention import retired_days
from usage_pipeline.defs.schedules import backfill_job, nightly_job, nightly_schedule
from usage_pipeline.orchestration.partitions import daily_partitions
from usage_pipeline.settings import Settings
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.steps.build import prepared_manifest

_ASSETS = [
    load_executions,
    failed_days,
    daily_statistics,
    windows,
    retired_days,
    workflow_favorites,
]


def build_definitions(settings: Settings, earliest: date | None = None) -> dg.Definitions:
    """Assemble the code location for the given settings.

    Args:
        settings: the settings.
        earliest: the first partition, where that is before the first day that is known.

    Raises:
        UsageError: the dbt project cannot be parsed.
    """
    partitions = daily_partitions(settings, earliest)
    marts, dbt = mart_assets(settings, partitions)
    nightly = nightly_job()
    declared = DeclaredSources.readable(settings.sources_path).configs
    python_assets = dg.with_source_code_references(
        [with_sources(with_partitions(asset, partitions), declared) for asset in _ASSETS]
    )
    made_assets = [cast(dg.AssetsDefinition, asset) for asset in python_assets] + marts
    assets = [with_freshness(asset) for asset in made_assets]
    manifest = json.loads(prepared_manifest(settings).read_bytes())
    made = {key for asset in assets for key in asset.keys}
    return dg.Definitions(
        assets=[*assets, *outside_assets(manifest, settings, made, declared)],
        asset_checks=CHECKS,
        # The steps follow one another, and a process of its own for each would take longer to
        # start than most take to run.
        executor=dg.in_process_executor,
        jobs=[nightly, backfill_job()],
        schedules=[nightly_schedule(settings, nightly)],
        sensors=[failure_alert(settings)],
        resources={"warehouse": WarehouseResource(), "dbt": dbt},
    )
