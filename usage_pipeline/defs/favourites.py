"""The asset of favourites: their usage, refreshed after the marts."""

import dagster as dg

from usage_pipeline.defs.common import (
    AS_OF,
    DAILY,
    KINDS,
    ONE_RUN,
    OWNERS,
    UPKEEP,
    WarehouseResource,
    opened,
)
from usage_pipeline.warehouse.people.favourites import refresh_usage
from usage_pipeline.warehouse.roles import Role


@dg.asset(
    key=dg.AssetKey(["raw", "workflow_favorites"]),
    deps=[AS_OF],
    tags=DAILY,
    backfill_policy=ONE_RUN,
    group_name=UPKEEP,
    owners=OWNERS,
    kinds=KINDS,
    description="One row per user and favourite. People keep them through the API; each night "
    "their usage count and last use become what the marts say.",
)
def workflow_favorites(warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
    """Refresh the usage of favourites, once for all days of a run."""
    with opened(warehouse) as target, target.acting_as(Role.MINER).connect() as connection:
        refreshed = refresh_usage(connection)
    return dg.MaterializeResult(metadata={"refreshed": refreshed})
