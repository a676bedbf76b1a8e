"""The raw layer: the asset that loads each day's executions from the configured sources."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from usage_pipeline.orchestration.failures import user_errors_as_failures
from usage_pipeline.orchestration.partitions import ONLY_BUILD, ONLY_TRACKED, days_of
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.steps.load import DayCounts, keep_days, load_configured_days

EXECUTIONS_KEY = dg.AssetKey(["raw", "workflow_executions_simple"])
LEDGER_KEY = dg.AssetKey(["raw", "load_ledger"])
OWNERS = ["team:data"]

_COLUMNS = dg.TableSchema(
    columns=[
        dg.TableColumn("id", "uuid", "The execution's id, with its source its identity."),
        dg.TableColumn("user_id", "uuid", "Who ran it."),
        dg.TableColumn("workflow_id", "uuid", "What was run."),
        dg.TableColumn("start_time", "timestamptz", "When it started."),
        dg.TableColumn("end_time", "timestamptz", "When it ended; empty while it runs."),
        dg.TableColumn("status", "varchar(20)", "started, completed, failed or cancelled."),
        dg.TableColumn("trigger_type", "varchar(20)", "manual, scheduled, api, chained or empty."),
        dg.TableColumn("error_message", "text", "What the source says went wrong."),
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
    ]
)


def load_asset(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that loads executions and accounts for every row in the ledger."""

    @dg.multi_asset(
        name="load_executions",
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=dg.RetryPolicy(
            max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
        ),
        group_name="raw",
        specs=[
            _spec(
                EXECUTIONS_KEY,
                "One row per execution of the day, from every configured source. Loading a day "
                "again replaces it; a day appears completely or not at all.",
                partitions,
                {"dagster/column_schema": _COLUMNS},
            ),
            _spec(
                LEDGER_KEY,
                "One row per day and source: how many rows were read, loaded, rejected, or were "
                "copies of one execution.",
                partitions,
            ),
            _spec(
                dg.AssetKey(["raw", "rejected_executions"]),
                "Rows that could not be loaded, with their place, the reason and their text.",
                partitions,
            ),
            _spec(
                dg.AssetKey(["raw", "workflows"]),
                "One row per workflow: its latest known name.",
                None,
            ),
        ],
    )
    def load_executions(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Any:
        days = days_of(context)
        with user_errors_as_failures():
            place = warehouse.open()
            if ONLY_BUILD in context.run.tags:
                done = keep_days(place, warehouse.settings(), days)
            else:
                done = load_configured_days(
                    place,
                    warehouse.settings(),
                    days,
                    only_tracked=ONLY_TRACKED in context.run.tags,
                )
        for result in done.results:
            key = result.day.isoformat()
            context.add_asset_metadata(_metadata(result), EXECUTIONS_KEY, key)
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key)

    return load_executions


def _spec(
    key: dg.AssetKey,
    description: str,
    partitions: dg.DailyPartitionsDefinition | None,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        description=description,
        partitions_def=partitions,
        owners=OWNERS,
        kinds={"python", "postgres"},
        metadata=metadata,
    )


def _metadata(result: DayCounts) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": result.loaded,
        "read": result.read,
        "rejected": result.rejected,
        "duplicates": result.duplicates,
        "replaced": result.replaced,
        "late": result.late,
        "sources": ", ".join(result.sources) or "none: the day stays as it was loaded",
    }
