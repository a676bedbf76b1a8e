"""The asset that makes a run fail when one of its days could not be loaded.

The load goes on with the other days and their marts are built; this step, on a branch of its own,
is what makes the run red and the alert go out.
"""

import dagster as dg

from usage_pipeline.defs.executions import LEDGER_KEY, OWNERS
from usage_pipeline.orchestration.failures import user_errors_as_failures
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.warehouse.failed_days import failed_days as read_failed_days


def failed_days_asset(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of failed days; it fails for the days that are in it."""

    @dg.asset(
        key=dg.AssetKey(["raw", "failed_days"]),
        deps=[LEDGER_KEY],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="raw",
        owners=OWNERS,
        kinds={"python", "postgres"},
        description="One row per day whose last load failed, with the reason. Fails while a day of "
        "the run is in it, so that the run is seen to have failed though its other days are built.",
    )
    def failed_days(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        days = days_of(context)
        with user_errors_as_failures(), warehouse.open().connect() as connection:
            found = read_failed_days(connection, days[0], days[-1])
        if found:
            raise dg.Failure(
                description="; ".join(f"{day} is not loaded: {why}" for day, why in found.items()),
                allow_retries=False,
            )
        return dg.MaterializeResult(metadata={"days": len(days)})

    return failed_days
