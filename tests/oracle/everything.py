"""All marts of one world."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from . import (
    abandoned,
    daily,
    dimensions,
    lifecycle,
    organisation,
    percentiles,
    popular,
    reliability,
    stats,
    views,
)
from .model import Execution, KnownUser, KnownWorkflow, World

MARTS: dict[str, Callable[[World], list[dict[str, Any]]]] = {
    compute.__name__: compute
    for compute in (
        daily.user_workflow_usage,
        daily.user_workflow_durations,
        daily.user_workflow_errors,
        daily.workflow_daily_usage,
        daily.organisation_daily_usage,
        popular.popular_workflows,
        reliability.workflow_success_rates,
        stats.user_workflow_stats,
        percentiles.workflow_duration_percentiles,
        abandoned.abandoned_workflows,
        abandoned.user_abandoned_workflows,
        lifecycle.workflow_lifecycle,
        organisation.organisation_insights,
        dimensions.workflows,
        dimensions.users,
        dimensions.days,
        dimensions.warehouse_as_of,
        views.popular_workflows_current,
        views.workflow_success_rates_current,
        views.organisation_daily_usage_filled,
        views.workflow_daily_usage_filled,
    )
}


def marts(
    executions: Iterable[Execution],
    names: Mapping[UUID, KnownWorkflow],
    users: Mapping[UUID, KnownUser],
    ledger_days: Iterable[date],
    as_of_day: date,
) -> dict[str, list[dict[str, Any]]]:
    """Compute every mart as it must be after all the days were built.

    Args:
        executions: merged executions, each identity once.
        names: each workflow's latest name and its id in the source.
        users: each user's id in the source.
        ledger_days: the loaded days, empty ones included.
        as_of_day: the last day seen; executions of later days do not count.

    Returns:
        For each mart its rows, in no particular order.
    """
    world = World(list(executions), names, users, list(ledger_days), as_of_day)
    return {name: compute(world) for name, compute in MARTS.items()}
