"""The last step of a night: retires the days out of the window and drops old rows, as of a day."""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions import rejected, tracked
from usage_pipeline.warehouse.executions.retirement import (
    RetiredDay,
    days_to_retire,
    forget_retired_ids,
    retire_day,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retired:
    """The result of applying the policy.

    Attributes:
        days: the days retired, in order, also those of which only late executions were.
        forgotten_ids: ids of retired executions that are no longer kept.
        forgotten_rejected: rejected rows that are no longer kept.
        forgotten_tracked: reports of tracked executions that are no longer kept.
    """

    days: list[RetiredDay]
    forgotten_ids: int
    forgotten_rejected: int
    forgotten_tracked: int


def apply_retention(warehouse: Warehouse, settings: Settings, as_of: date) -> Retired:
    """Retire every day older than the window that ends with `as_of`, and drop what is over age.

    The window is the `retention_days` days that end with `as_of`, so that a backfill of old days
    retires nothing that the newest night still needs.
    """
    with warehouse.connect() as connection:
        days = days_to_retire(connection, as_of - timedelta(days=settings.retention_days))
    results = []
    for day in days:
        result = retire_day(warehouse, day, as_of=as_of, unfinished_days=settings.unfinished_days)
        if result.retired:
            _log.info("%s: %s executions retired", day, f"{result.retired:,}")
        results.append(result)
    ids = forget_retired_ids(warehouse, as_of - timedelta(days=settings.retired_ids_days))
    with warehouse.connect() as connection:
        rows = rejected.forget(connection, as_of - timedelta(days=settings.rejected_days))
        reports = tracked.forget_before(
            connection, as_of - timedelta(days=settings.tracked_days_kept)
        )
    return Retired(results, ids, rows, reports)
