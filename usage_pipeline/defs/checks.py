"""Checks of what was loaded and mined. What SQL can say about models is a dbt test instead."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import dagster as dg
from psycopg import Connection

from usage_pipeline.defs.common import EXECUTIONS, WarehouseResource, opened
from usage_pipeline.errors import InputError, UsageError, WarehouseUnavailableError
from usage_pipeline.execution_dates import days_between, last_complete_day
from usage_pipeline.mining.insights.wording import counted, percent
from usage_pipeline.orchestration.partitions import days_of_tags, span_of
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.steps.reconcile import reconcile
from usage_pipeline.warehouse import ledger
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import DayState
from usage_pipeline.warehouse.mined.daily import unaccounted_hours

# Weekends and holidays stay within it; a source that delivers twice or half does not.
_USUAL_LOW, _USUAL_HIGH = 0.5, 2.0


@dg.asset_check(
    asset=EXECUTIONS,
    blocking=True,
    description="Each loaded day holds exactly the executions its ledger says.",
)
def every_row_accounted_for(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Stop the marts where raw and ledger disagree."""
    with _days(context, warehouse) as (connection, days):
        disagreements = ledger.unaccounted(connection, days)
    return dg.AssetCheckResult(
        passed=not disagreements,
        description="Raw and the ledger agree."
        if not disagreements
        else f"Raw and the ledger disagree ({'; '.join(disagreements)}): load the day again.",
        metadata={"days": len(days), "disagreements": "; ".join(disagreements) or "none"},
    )


@dg.asset_check(
    asset=EXECUTIONS,
    blocking=True,
    description="The days of the run reject no more than USAGE_REJECTED_SHARE_LIMIT of their rows.",
)
def few_rows_rejected(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Stop the marts where a source sends what cannot be loaded."""
    limit = warehouse.settings().rejected_share_limit
    with _days(context, warehouse) as (connection, days):
        states = ledger.day_states(connection, days[0], days[-1]) if days else []
    read = sum(state.read for state in states)
    rejected = sum(state.rejected for state in states)
    share = rejected / read if read else 0.0
    worst = max(states, key=lambda state: state.rejected / max(state.read, 1), default=None)
    return dg.AssetCheckResult(
        passed=share <= limit,
        description=_rejection(states, share, limit),
        metadata={
            "limit": limit,
            "share": share,
            "rejected": rejected,
            "worst_day": "none" if worst is None else f"{worst.day}: {worst.rejected} rejected",
        },
    )


@dg.asset_check(
    asset=EXECUTIONS,
    description="No two copies of one execution name different users.",
)
def copies_agree_on_the_user(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Warn where a source reuses an id for another person."""
    with _days(context, warehouse) as (connection, days):
        states = ledger.day_states(connection, days[0], days[-1]) if days else []
    conflicts = {str(state.day): state.conflicts for state in states if state.conflicts}
    return dg.AssetCheckResult(
        passed=not conflicts,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "conflicts": sum(conflicts.values()),
            "by_day": "; ".join(f"{day}: {count}" for day, count in conflicts.items()) or "none",
        },
    )


@dg.asset_check(
    asset=EXECUTIONS,
    description="A day's executions are between half and twice those of recent weeks.",
)
def volume_is_usual(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Warn where a day is unusually small or large."""
    with _days(context, warehouse) as (connection, days):
        day = days[-1] if days else warehouse.settings().start_date
        count, usual = ledger.recent_volume(connection, day)
    is_usual = usual is None or _USUAL_LOW * usual <= count <= _USUAL_HIGH * usual
    return dg.AssetCheckResult(
        passed=is_usual,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{day} has {counted(count, 'execution')}"
        + ("." if is_usual else f", where {day:%A}s of the last weeks have {usual:,.0f}."),
        metadata={"day": str(day), "executions": count, "usual": usual or 0.0},
    )


@dg.asset_check(
    asset=EXECUTIONS,
    description="No day is missing between the first and the last loaded day.",
)
def no_day_is_missing(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn where a day was never loaded."""
    with opened(warehouse) as target, target.connect() as connection:
        days = ledger.loaded_days(connection)
    span = days_between(days[0], days[-1]) if days else []
    missing = sorted(set(span) - set(days))
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{counted(len(missing), 'day')} between the first and the last loaded day "
        f"{'is' if len(missing) == 1 else 'are'} not loaded, from {missing[0]} to {missing[-1]}."
        if missing
        else "Every day between the first and the last loaded day is loaded.",
        metadata={
            "last_day": str(days[-1]) if days else "none",
            "missing": ", ".join(map(str, missing)) or "none",
        },
    )


@dg.asset_check(
    asset=EXECUTIONS,
    description="The newest day that is over, and that a source expects, is loaded.",
)
def newest_day_is_loaded(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warn where nights have stopped."""
    settings = warehouse.settings()
    with opened(warehouse) as target, target.connect() as connection:
        newest = ledger.last_loaded_day(connection)
    yesterday = last_complete_day(datetime.now(UTC), settings.timezone)
    expected = DeclaredSources.read(settings.sources_path).newest_expected_day(yesterday)
    is_loaded = expected is None or (newest is not None and newest >= expected)
    return dg.AssetCheckResult(
        passed=is_loaded,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"The newest loaded day is {newest}."
        if is_loaded
        else f"A source expects executions on {expected}, but the newest loaded day is {newest}: "
        "see whether the nights still run.",
        metadata={"newest": str(newest), "expected": str(expected)},
    )


@dg.asset_check(
    asset=EXECUTIONS,
    description="Each declared system, asked for the newest day of the run once more, tells the "
    "executions that are loaded.",
)
def systems_tell_the_same(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Warn where a system shows other executions than the warehouse, or cannot be asked."""
    settings = warehouse.settings()
    with opened(warehouse) as target:
        # No connection stays open while systems are asked.
        with target.connect() as connection:
            days = _days_of_run(context, connection)
        if not days:
            return dg.AssetCheckResult(passed=True, description="No day is loaded.")
        day = days[-1]
        answers = {
            config.name: _compared(target, settings, config, day)
            for config in DeclaredSources.read(settings.sources_path).expecting(day)
            # Files would only be read once more; a system may have changed since it was asked.
            if config.is_polled
        }
    differing = [text for is_same, text in answers.values() if not is_same]
    told = differing or [text for _, text in answers.values()]
    if differing:
        told.append(f"To list executions: usage-pipeline reconcile {day}.")
    return dg.AssetCheckResult(
        passed=not differing,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(told) or f"No declared system expects executions on {day}.",
        metadata={"day": str(day), **{name: text for name, (_, text) in answers.items()}},
    )


@dg.asset_check(
    asset=dg.AssetKey(["mining", "daily_hours"]),
    description="The hours of each day add up to its first attempts by people.",
)
def hours_account_for_every_execution_by_people(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Hold what was mined against the executions that it was mined from."""
    with opened(warehouse) as target, target.connect() as connection:
        compared, disagreements = unaccounted_hours(connection, days_of_tags(context.run.tags))
    return dg.AssetCheckResult(
        passed=not disagreements,
        description="The hours agree with the executions."
        if not disagreements
        else f"The mined hours disagree with the executions ({'; '.join(disagreements)}): run the "
        "day again.",
        metadata={"days": compared, "disagreements": "; ".join(disagreements) or "none"},
    )


CHECKS = [
    every_row_accounted_for,
    few_rows_rejected,
    copies_agree_on_the_user,
    volume_is_usual,
    no_day_is_missing,
    newest_day_is_loaded,
    systems_tell_the_same,
    hours_account_for_every_execution_by_people,
]


def _compared(
    warehouse: Warehouse, settings: Settings, config: SourceConfig, day: date
) -> tuple[bool, str]:
    """Whether a system tells what is loaded, and in words what it tells."""
    try:
        compared = reconcile(warehouse, settings, config, day)
    except WarehouseUnavailableError:
        raise
    except UsageError as error:
        # A retired day cannot be compared any more, which is nobody's mistake.
        return not isinstance(error, InputError), f"{config.name}: {error}"
    return compared.differing.empty, str(compared)


def _rejection(states: Sequence[DayState], share: float, limit: float) -> str:
    """Which days, what share of their rows, and which setting allows less."""
    rejected, read = sum(state.rejected for state in states), sum(state.read for state in states)
    span = span_of([state.day for state in states]) or "The run"
    fact = f"{span}: {rejected:,} of {counted(read, 'row')} rejected ({percent(share)})"
    if share <= limit:
        return f"{fact}."
    return (
        f"{fact}, more than USAGE_REJECTED_SHARE_LIMIT allows ({limit:.3g}), so that the marts are "
        "not built: read the reasons in raw.rejected_executions, then correct the source or raise "
        "the limit."
    )


@contextmanager
def _days(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> Iterator[tuple[Connection, list[date]]]:
    """A connection, and the days of the run."""
    with opened(warehouse) as target, target.connect() as connection:
        yield connection, _days_of_run(context, connection)


def _days_of_run(context: dg.AssetCheckExecutionContext, connection: Connection) -> list[date]:
    """The days of the run, in order; the newest day when the check runs on its own."""
    newest = ledger.last_loaded_day(connection)
    return days_of_tags(context.run.tags) or ([] if newest is None else [newest])
