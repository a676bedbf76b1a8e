"""The asset of favourites: their usage, refreshed after the marts."""

import dagster as dg

from usage_pipeline.defs.executions import OWNERS
from usage_pipeline.orchestration.failures import user_errors_as_failures
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.warehouse.people.favourites import refresh_usage
from usage_pipeline.warehouse.roles import Role

_BUILT = dg.AssetKey(["marts", "warehouse_as_of"])


def favourites_asset(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset; of a run of several days it runs once."""

    @dg.asset(
        key=dg.AssetKey(["raw", "workflow_favorites"]),
        deps=[_BUILT],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL),
        group_name="raw",
        owners=OWNERS,
        kinds={"python", "postgres"},
        description="One row per user and favourite. People keep them through the API; each night "
        "their usage count and last use become what the marts say.",
    )
    def workflow_favorites(warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        with user_errors_as_failures():
            place = warehouse.open().acting_as(Role.MINER)
            with place.connect() as connection:
                changed = refresh_usage(connection)
        return dg.MaterializeResult(metadata={"refreshed": changed})

    return workflow_favorites
