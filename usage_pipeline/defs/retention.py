"""The asset that retires the days that fall out of the retention window."""

from typing import Any

import dagster as dg

from usage_pipeline.defs.executions import OWNERS
from usage_pipeline.defs.mining import DAILY_KEYS
from usage_pipeline.orchestration.failures import user_errors_as_failures
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.warehouse.ledger import DayState, day_states, last_loaded_day
from usage_pipeline.warehouse.locks import building

_KEY = dg.AssetKey(["raw", "retired_days"])
_BUILT = dg.AssetKey(["marts", "warehouse_as_of"])


def retention_asset(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of retired days; it runs after marts and mining have counted them."""

    @dg.asset(
        key=_KEY,
        deps=[_BUILT, *DAILY_KEYS],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL),
        group_name="retention",
        owners=OWNERS,
        kinds={"python", "postgres"},
        description="Single executions are kept for USAGE_RETENTION_DAYS. Older days become "
        "aggregates that account for every execution, and their partitions are dropped.",
    )
    def retired_days(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        with user_errors_as_failures():
            place = warehouse.open()
            with place.connect() as connection:
                as_of = last_loaded_day(connection)
            if as_of is None:
                return dg.MaterializeResult(metadata={"days": 0})
            # Not while marts are built: a day must not move from raw to retired in between.
            with building(place):
                done = apply_retention(place, warehouse.settings(), as_of)
            with place.connect() as connection:
                for day in days_of(context):
                    for state in day_states(connection, day, day):
                        context.add_asset_metadata(_metadata(state), _KEY, day.isoformat())
        context.log.info("as of %s", as_of)
        return dg.MaterializeResult(
            metadata={
                "as_of": str(as_of),
                "days": ", ".join(str(day.day) for day in done.days if day.retired) or "none",
                "executions": sum(day.retired for day in done.days),
                "still_open": sum(day.still_open for day in done.days),
                "forgotten_ids": done.forgotten_ids,
                "forgotten_rejected_rows": done.forgotten_rejected,
                "forgotten_tracked": done.forgotten_tracked,
            }
        )

    return retired_days


def _metadata(state: DayState) -> dict[str, Any]:
    """Where the executions of a day of the run are now, like `usage-pipeline status`."""
    return {
        "read": state.read,
        "loaded": state.loaded,
        "rejected": state.rejected,
        "late": state.late,
        "in_raw": state.in_raw,
        "retired": state.retired,
        "rolled_up": state.is_rolled_up,
    }
