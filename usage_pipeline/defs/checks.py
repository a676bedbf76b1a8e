"""Checks of the raw layer. What can be said in SQL about models is a dbt test instead."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from psycopg import Connection

from usage_pipeline.defs.executions import EXECUTIONS_KEY
from usage_pipeline.execution_dates import days_between
from usage_pipeline.orchestration.partitions import days_of_tags
from usage_pipeline.orchestration.resources import WarehouseResource
from usage_pipeline.settings import Settings
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.warehouse import ledger

_USUAL_LOW, _USUAL_HIGH = 0.5, 2.0


def raw_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Row accounting and rejected share, which stop the marts; volume and freshness, which warn."""

    @dg.asset_check(
        asset=EXECUTIONS_KEY,
        blocking=True,
        description="Each loaded day holds exactly the executions its ledger says.",
    )
    def every_row_accounted_for(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        with warehouse.open().connect() as connection:
            days = _days(context, connection)
            wrong = ledger.unaccounted(connection, days)
        return dg.AssetCheckResult(
            passed=not wrong,
            metadata={"days": len(days), "disagreements": "; ".join(wrong) or "none"},
        )

    @dg.asset_check(
        asset=EXECUTIONS_KEY,
        blocking=True,
        description="The days of the run reject no more than USAGE_REJECTED_SHARE_LIMIT of their "
        "rows.",
    )
    def few_rows_rejected(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        with warehouse.open().connect() as connection:
            days = _days(context, connection)
            states = ledger.day_states(connection, days[0], days[-1]) if days else []
        read = sum(state.read for state in states)
        rejected = sum(state.rejected for state in states)
        share = rejected / read if read else 0.0
        worst = max(states, key=lambda state: state.rejected / max(state.read, 1), default=None)
        return dg.AssetCheckResult(
            passed=share <= settings.rejected_share_limit,
            metadata={
                "limit": settings.rejected_share_limit,
                "share": share,
                "rejected": rejected,
                "worst_day": "none" if worst is None else f"{worst.day}: {worst.rejected} rejected",
            },
        )

    @dg.asset_check(
        asset=EXECUTIONS_KEY,
        description="A day's executions are between half and twice those of recent weeks.",
    )
    def volume_is_usual(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        with warehouse.open().connect() as connection:
            days = _days(context, connection)
            day = days[-1] if days else settings.start_date
            count, usual = ledger.recent_volume(connection, day)
        passed = usual is None or _USUAL_LOW * usual <= count <= _USUAL_HIGH * usual
        return dg.AssetCheckResult(
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"day": str(day), "executions": count, "usual": usual or 0.0},
        )

    @dg.asset_check(
        asset=EXECUTIONS_KEY,
        description="No day is missing between the first and the last loaded day.",
    )
    def no_day_is_missing(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect() as connection:
            days = ledger.loaded_days(connection)
        missing = _gaps(days)
        return dg.AssetCheckResult(
            passed=not missing,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "last_day": str(days[-1]) if days else "none",
                "missing": ", ".join(map(str, missing)) or "none",
            },
        )

    @dg.asset_check(
        asset=EXECUTIONS_KEY,
        description="The newest day that is over, and that a source expects, is loaded.",
    )
    def newest_day_is_loaded(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect() as connection:
            newest = ledger.last_loaded_day(connection)
        today = datetime.now(ZoneInfo(settings.timezone)).date()
        expected = DeclaredSources.read(settings.sources_path).newest_expected_day(
            today - timedelta(days=1)
        )
        return dg.AssetCheckResult(
            passed=expected is None or (newest is not None and newest >= expected),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"newest": str(newest), "expected": str(expected)},
        )

    return [
        every_row_accounted_for,
        few_rows_rejected,
        volume_is_usual,
        no_day_is_missing,
        newest_day_is_loaded,
    ]


def _days(context: dg.AssetCheckExecutionContext, connection: Connection) -> list[date]:
    """The days of the run, or the newest one when the check runs on its own."""
    days = days_of_tags(context.run.tags)
    newest = ledger.last_loaded_day(connection)
    return days or ([] if newest is None else [newest])


def _gaps(days: list[date]) -> list[date]:
    if not days:
        return []
    held = set(days)
    return [day for day in days_between(days[0], days[-1]) if day not in held]
