"""Checks of what was mined against the executions that it was mined from."""

import dagster as dg

from usage_pipeline.orchestration.partitions import days_of_tags
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.warehouse.mined.daily import unaccounted_hours


def mining_checks() -> list[dg.AssetChecksDefinition]:
    """The hours of a day are those of its executions by people."""

    @dg.asset_check(
        asset=dg.AssetKey(["mining", "daily_hours"]),
        description="The hours of each day add up to its first attempts by people.",
    )
    def hours_account_for_every_execution_by_people(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        days = days_of_tags(context.run.tags)
        with warehouse.open().connect() as connection:
            compared, wrong = unaccounted_hours(connection, days)
        return dg.AssetCheckResult(
            passed=not wrong,
            metadata={"days": compared, "disagreements": "; ".join(wrong) or "none"},
        )

    return [hours_account_for_every_execution_by_people]
