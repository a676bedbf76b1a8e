"""The third step of a run: the statistics of each day, and what is mined from windows of days.

`steps/mine` reads, mines and writes.
"""

from collections.abc import Iterator

import dagster as dg

from usage_pipeline.defs.common import (
    DAILY_STATISTICS,
    EXECUTIONS,
    KINDS,
    LEDGER,
    MINING,
    ONE_RUN,
    OWNERS,
    WarehouseResource,
    as_of_run,
    daily_spec,
    opened,
)
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.steps.mine import mine_days, mine_windows
from usage_pipeline.warehouse.locks import building

_DAILY_DESCRIPTIONS = {
    "daily_sequences": "One row per user, day and sequence: sessions of these workflows in this "
    "order that close on the day. Kept for USAGE_MINED_DAYS.",
    "daily_transitions": "One row per user, day and pair of workflows that directly follow each "
    "other in a session.",
    "daily_step_counts": "One row per user, day and workflow: its steps in sessions.",
    "daily_hours": "One row per user, workflow, day and local hour with executions by people.",
}
_WINDOW_DESCRIPTIONS = {
    "workflow_sequences": "One row per user and sequence: the five most frequent of the last days "
    "(USAGE_SEQUENCE_WINDOW_DAYS).",
    "workflow_sequence_windows": "The same over the last 7, 28 and 90 days.",
    "workflow_subsequences": "One row per user and closed part of sequences of the last 28 days.",
    "popular_sequences": "One row per part of sequences that several users share.",
    "usage_patterns": "One row per pattern of a user: at which hours they run a workflow, what "
    "they run after it, and what after it fails.",
    "usage_insights": "One row per insight of a user, kept from night to night with its state.",
}
_MARTS = [
    dg.AssetKey(["marts", name])
    for name in (
        "workflows",
        "user_workflow_stats",
        "user_workflow_usage",
        "user_abandoned_workflows",
        "workflow_daily_usage",
        "user_workflow_durations",
    )
]


@dg.multi_asset(
    name="mine_days",
    group_name=MINING,
    backfill_policy=ONE_RUN,
    specs=[
        daily_spec(key, _DAILY_DESCRIPTIONS[key.path[-1]], deps=[EXECUTIONS, LEDGER])
        for key in DAILY_STATISTICS
    ],
)
def daily_statistics(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Mine the days of the run, and earlier ones that changed since they were mined."""
    with opened(warehouse) as target, building(target):
        as_of = as_of_run(target, days_of(context))
        mined = mine_days(target, warehouse.settings(), days_of(context) or [as_of], as_of)
    span = f"{mined.days[0]} to {mined.days[-1]}" if mined.days else "none"
    for key in DAILY_STATISTICS:
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "rows": mined.rows[key.path[-1]],
                "days": len(mined.days),
                "span": span,
                "rows_over_age": mined.forgotten,
            },
        )


@dg.multi_asset(
    name="mine_windows",
    group_name=MINING,
    specs=[
        dg.AssetSpec(
            dg.AssetKey(["mining", name]),
            deps=[*DAILY_STATISTICS, *_MARTS],
            description=description,
            owners=OWNERS,
            kinds=KINDS,
        )
        for name, description in _WINDOW_DESCRIPTIONS.items()
    ],
)
def windows(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult[None]]:
    """Mine the windows that end with the newest built day."""
    with opened(warehouse) as target, building(target):
        as_of = as_of_run(target, [])
        rows = mine_windows(target, warehouse.settings(), as_of)
    for name in _WINDOW_DESCRIPTIONS:
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["mining", name]),
            metadata={"dagster/row_count": rows[name], "as_of": str(as_of)},
        )
