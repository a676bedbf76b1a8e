"""The last step of a run: the asset that retires the days that fall out of the retention window."""

from typing import Any

import dagster as dg

from usage_pipeline.defs.common import (
    AS_OF,
    DAILY,
    DAILY_STATISTICS,
    KINDS,
    ONE_RUN,
    OWNERS,
    UPKEEP,
    WarehouseResource,
    opened,
)
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.warehouse.ledger import DayState, day_states, last_loaded_day
from usage_pipeline.warehouse.locks import building

_KEY = dg.AssetKey(["raw", "retired_days"])


@dg.asset(
    key=_KEY,
    # Marts and mining have counted the executions before they are dropped.
    deps=[AS_OF, *DAILY_STATISTICS],
    tags=DAILY,
    backfill_policy=ONE_RUN,
    group_name=UPKEEP,
    owners=OWNERS,
    kinds=KINDS,
    description="Single executions are kept for USAGE_RETENTION_DAYS. Older days become "
    "aggregates that account for every execution, and their partitions are dropped.",
)
def retired_days(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> dg.MaterializeResult[None]:
    """Retire what is due as of the newest loaded day."""
    with opened(warehouse) as target:
        with target.connect() as connection:
            as_of = last_loaded_day(connection)
        if as_of is None:
            return dg.MaterializeResult(metadata={"days": 0})
        # Not while marts are built: a day must not move from raw to retired in between.
        with building(target):
            retired = apply_retention(target, warehouse.settings(), as_of)
        with target.connect() as connection:
            for day in days_of(context):
                for state in day_states(connection, day, day):
                    context.add_asset_metadata(_metadata(state), _KEY, day.isoformat())
    context.log.info("as of %s", as_of)
    return dg.MaterializeResult(
        metadata={
            "as_of": str(as_of),
            "days": ", ".join(str(day.day) for day in retired.days if day.retired) or "none",
            "executions": sum(day.retired for day in retired.days),
            "still_open": sum(day.still_open for day in retired.days),
            "forgotten_ids": retired.forgotten_ids,
            "forgotten_rejected_rows": retired.forgotten_rejected,
            "forgotten_tracked": retired.forgotten_tracked,
        }
    )


def _metadata(state: DayState) -> dict[str, Any]:
    """Where the executions of a day of the run are now, like `usage-pipeline status`."""
    return {
        "read": state.read,
        "loaded": state.loaded,
        "rejected": state.rejected,
        "kept": state.kept,
        "late": state.late,
        "in_raw": state.in_raw,
        "retired": state.retired,
        "rolled_up": state.is_rolled_up,
    }
