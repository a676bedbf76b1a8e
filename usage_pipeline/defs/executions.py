"""The first step of a run: the assets that hold each day's executions and where every row went."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import dagster as dg

from usage_pipeline.defs.common import (
    DAILY,
    EXECUTIONS,
    INGEST,
    KINDS,
    LEDGER,
    ONE_RUN,
    OWNERS,
    WarehouseResource,
    daily_spec,
    opened,
    source_key,
)
from usage_pipeline.orchestration.partitions import ONLY_BUILD, ONLY_TRACKED, days_of
from usage_pipeline.steps.day_counts import DayCounts, Loaded
from usage_pipeline.steps.load import keep_days, load_configured_days
from usage_pipeline.warehouse.failed_days import failed_days as read_failed_days

_COLUMNS = dg.TableSchema(
    columns=[
        dg.TableColumn("id", "uuid", "The execution's id, with its source its identity."),
        dg.TableColumn("user_id", "uuid", "Who ran it."),
        dg.TableColumn("workflow_id", "uuid", "The workflow that ran."),
        dg.TableColumn("start_time", "timestamptz", "When it started."),
        dg.TableColumn("end_time", "timestamptz", "When it ended; empty while it runs."),
        dg.TableColumn("status", "varchar(20)", "started, completed, failed or cancelled."),
        dg.TableColumn("trigger_type", "varchar(20)", "manual, scheduled, api, chained or empty."),
        dg.TableColumn("error_message", "text", "The error as the source words it."),
        dg.TableColumn("created_at", "timestamptz", "When the row was loaded."),
        dg.TableColumn("input_size", "bigint", "Bytes in."),
        dg.TableColumn("output_size", "bigint", "Bytes out."),
        dg.TableColumn("cost", "numeric(18, 6)", "Cost in the organisation's currency."),
        dg.TableColumn("execution_date", "date", "Date of the start in the warehouse's zone."),
        dg.TableColumn("source", "text", "The source it was loaded from."),
        dg.TableColumn("source_id", "text", "The source's own id."),
        dg.TableColumn("attempt", "integer", "1 for the first run, more for re-runs."),
        dg.TableColumn("source_status", "text", "The source's own status, such as timed_out."),
        dg.TableColumn("updated_at", "timestamptz", "When the source last changed it."),
        dg.TableColumn("queued_at", "timestamptz", "When it began to wait for its start."),
        dg.TableColumn("error_class", "text", "The masked message of a failure, kept for ever."),
    ]
)


@dg.multi_asset(
    backfill_policy=ONE_RUN,
    group_name=INGEST,
    # The web UI asks for any part of it; a load writes all of it in one transaction.
    can_subset=True,
    specs=[
        daily_spec(
            EXECUTIONS,
            "One row per execution of the day, from every configured source. Loading a day "
            "again replaces it; a day appears completely or not at all.",
            metadata={"dagster/column_schema": _COLUMNS},
        ),
        daily_spec(
            LEDGER,
            "One row per day and source: how many rows were read, loaded, rejected, or were "
            "copies of one execution.",
        ),
        daily_spec(
            dg.AssetKey(["raw", "rejected_executions"]),
            "Rows that could not be loaded, with their place, the reason and their text.",
        ),
        daily_spec(
            dg.AssetKey(["raw", "workflows"]),
            "One row per workflow: its latest known name.",
        ),
    ],
)
def load_executions(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Load the days of the run, or leave them as they are where only the build is asked for."""
    days = days_of(context)
    with opened(warehouse) as target:
        if ONLY_BUILD in context.run.tags:
            loaded = keep_days(target, days)
        else:
            only_tracked = ONLY_TRACKED in context.run.tags
            loaded = load_configured_days(
                target, warehouse.settings(), days, only_tracked=only_tracked
            )
    if EXECUTIONS in context.selected_asset_keys:
        for result in loaded.results:
            context.add_asset_metadata(_metadata(result), EXECUTIONS, result.day.isoformat())
    for name, days_read in sorted(_days_by_source(loaded.results).items()):
        metadata = {"first_day": str(days_read[0]), "last_day": str(days_read[-1])}
        context.log_event(dg.AssetObservation(source_key(name), metadata=metadata))
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key)


@dg.asset(
    key=dg.AssetKey(["raw", "failed_days"]),
    deps=[LEDGER],
    tags=DAILY,
    backfill_policy=ONE_RUN,
    group_name=INGEST,
    owners=OWNERS,
    kinds=KINDS,
    description="One row per day whose last load failed, with the reason. Fails while a day of "
    "the run is in it, so that the run is seen to have failed though its other days are built.",
)
def failed_days(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> dg.MaterializeResult[None]:
    """Fail for the days of the run that could not be loaded, on a branch of its own."""
    days = days_of(context)
    with opened(warehouse) as target, target.connect() as connection:
        reasons = read_failed_days(connection, days[0], days[-1])
    if reasons:
        raise dg.Failure(
            description="; ".join(f"{day} is not loaded: {why}" for day, why in reasons.items()),
            allow_retries=False,
        )
    return dg.MaterializeResult(metadata={"days": len(days)})


def _days_by_source(results: Iterable[DayCounts]) -> dict[str, list[date]]:
    """The days that were read now from each source, in order; a kept day was not read."""
    days: dict[str, list[date]] = {}
    for result in results:
        if isinstance(result, Loaded):
            for source in result.sources:
                days.setdefault(source, []).append(result.day)
    return days


def _metadata(result: DayCounts) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": result.executions,
        "read": result.read,
        "loaded": result.loaded,
        "rejected": result.rejected,
        "duplicates": result.duplicates,
        "replaced": result.replaced,
        "late": result.late,
        "kept": result.kept,
        "corrected": result.corrected,
        "conflicts": result.conflicts,
        "other_days_changed": ", ".join(map(str, result.changed_days)) or "none",
        "sources": ", ".join(result.sources) or "none: the day stays as it was loaded",
    }
