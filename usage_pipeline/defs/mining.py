"""Mining as assets: the statistics of each day, and what is mined from windows of days.

What is read, mined and written stands in `steps/mine`.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from usage_pipeline.defs.as_of import as_of_run
from usage_pipeline.defs.executions import EXECUTIONS_KEY, LEDGER_KEY, OWNERS
from usage_pipeline.orchestration.failures import user_errors_as_failures
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.warehouse.locks import building

_DAILY = {
    "daily_sequences": "One row per user, day and sequence: sessions of these workflows in this "
    "order that close on the day. Kept for USAGE_MINED_DAYS.",
    "daily_transitions": "One row per user, day and pair of workflows that directly follow each "
    "other in a session.",
    "daily_step_counts": "One row per user, day and workflow: its steps in sessions.",
    "daily_hours": "One row per user, workflow, day and local hour with executions by people.",
}
_WINDOWS = {
    "workflow_sequences": "One row per user and sequence: the five most frequent of the last days "
    "(USAGE_SEQUENCE_WINDOW_DAYS).",
    "workflow_sequence_windows": "The same over the last 7, 28 and 90 days.",
    "workflow_subsequences": "One row per user and closed part of sequences of the last 28 days.",
    "popular_sequences": "One row per part of sequences that several users share.",
    "usage_patterns": "One row per pattern of a user: at which hours they run a workflow, what "
    "they run after it, and what after it fails.",
    "usage_insights": "One row per insight of a user, kept from night to night with its state.",
}
_MARTS_READ = (
    "workflows",
    "user_workflow_stats",
    "user_workflow_usage",
    "user_abandoned_workflows",
    "workflow_daily_usage",
    "user_workflow_durations",
)
_RETRY = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL)

DAILY_KEYS = [dg.AssetKey(["mining", name]) for name in _DAILY]
WINDOW_KEYS = [dg.AssetKey(["mining", name]) for name in _WINDOWS]


def mining_assets(partitions: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The assets of group `mining`."""
    return [_daily_statistics(partitions), _windows()]


def _daily_statistics(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="mine_days",
        group_name="mining",
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=_RETRY,
        specs=_specs(_DAILY, [EXECUTIONS_KEY, LEDGER_KEY], partitions),
    )
    def mine_days_of_run(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        with user_errors_as_failures():
            place = warehouse.open()
            with building(place):
                as_of = as_of_run(place, days_of(context))
                done = mine_days(place, warehouse.settings(), days_of(context) or [as_of], as_of)
        span = f"{done.days[0]} to {done.days[-1]}" if done.days else "none"
        for key in DAILY_KEYS:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "rows": done.rows[key.path[-1]],
                    "days": len(done.days),
                    "span": span,
                    "rows_over_age": done.forgotten,
                },
            )

    return mine_days_of_run


def _windows() -> dg.AssetsDefinition:
    marts = [dg.AssetKey(["marts", name]) for name in _MARTS_READ]

    @dg.multi_asset(
        name="mine_windows",
        group_name="mining",
        retry_policy=_RETRY,
        specs=_specs(_WINDOWS, [*DAILY_KEYS, *marts], None),
    )
    def mine_windows_as_of_the_last_day(
        warehouse: WarehouseResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        with user_errors_as_failures():
            place = warehouse.open()
            with building(place):
                as_of = as_of_run(place, [])
                rows = mine_windows(place, warehouse.settings(), as_of)
        for key in WINDOW_KEYS:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={"dagster/row_count": rows[key.path[-1]], "as_of": str(as_of)},
            )

    return mine_windows_as_of_the_last_day


def _specs(
    described: Mapping[str, str],
    deps: list[dg.AssetKey],
    partitions: dg.DailyPartitionsDefinition | None,
) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            dg.AssetKey(["mining", name]),
            deps=deps,
            description=description,
            partitions_def=partitions,
            owners=OWNERS,
            kinds={"python", "postgres"},
        )
        for name, description in described.items()
    ]
