"""The first daily partition: the first day that is configured or loaded, as the home remembers it.

The code location is loaded without a database, so that what the ledger says is kept in a file. A
load of older days extends it; nothing shortens it but deleting the file.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from usage_pipeline.errors import UsageError
from usage_pipeline.execution_dates import last_complete_day
from usage_pipeline.settings import Settings
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import totals


def first_day(settings: Settings) -> date:
    """The first partition, never before USAGE_START_DATE; that itself while no day is known."""
    days = [*_kept_day(settings), *_configured_day(settings)]
    return max(min(days, default=settings.start_date), settings.start_date)


def keep_first_day(settings: Settings, warehouse: Warehouse, now: datetime | None = None) -> None:
    """Note the first loaded day, unless an earlier one is noted; nothing without a loaded day.

    Nights look back, also to days before the first that was loaded: these are partitions, too.

    Args:
        settings: where the home is, and how far nights look back.
        warehouse: its ledger says which days are loaded.
        now: the time, where it is not the clock's.
    """
    with warehouse.connect() as connection:
        loaded = totals(connection).first
    if loaded is None:
        return
    kept_days = list(_kept_day(settings))
    # The kept day holds for the nights to come: their days are later ones.
    day = min([loaded, *(kept_days or [_night_looks_back_to(settings, now or datetime.now(UTC))])])
    if [day] != kept_days:
        settings.home.mkdir(parents=True, exist_ok=True)
        fresh = _file(settings).with_suffix(f".{os.getpid()}")
        fresh.write_text(f"{day}\n")
        fresh.replace(_file(settings))


def _kept_day(settings: Settings) -> Iterator[date]:
    try:
        yield date.fromisoformat(_file(settings).read_text().strip())
    except FileNotFoundError:
        return
    except ValueError:
        raise UsageError(
            f"{_file(settings)} does not hold a day like 2026-06-28: correct or delete it."
        ) from None


def _configured_day(settings: Settings) -> Iterator[date]:
    """The earliest `since` of the sources."""
    configs = DeclaredSources.readable(settings.sources_path).configs
    begins = [config.since for config in configs if config.since is not None]
    if begins:
        yield min([*begins, _night_looks_back_to(settings, datetime.now(UTC))])


def _night_looks_back_to(settings: Settings, now: datetime) -> date:
    look_back = max(settings.catch_up_days, settings.lookback_days, settings.tracked_days_kept)
    return last_complete_day(now, settings.timezone) - timedelta(days=look_back)


def _file(settings: Settings) -> Path:
    return settings.home / "first_day"
