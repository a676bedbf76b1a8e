"""Reads the history of a system: some days a question, and each day once.

The ledger knows the days that were read, so that a call goes on where an interrupted one ended.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from usage_pipeline.errors import InputError, WrongUsageError
from usage_pipeline.execution_dates import days_between, last_complete_day
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.steps.day_counts import Loaded
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.warehouse import failed_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import days_of_source

# An answer waits on disk until its days are loaded: a week of it, not years.
_DAYS_A_QUESTION: Final = 7


def unread_days(
    warehouse: Warehouse, settings: Settings, config: SourceConfig, first: date, last: date
) -> list[date]:
    """The days of a system that were never loaded from it, in order.

    Args:
        warehouse: its ledger knows the days that were.
        settings: the zone, which tells when a day is over.
        config: the system.
        first: the first day.
        last: the last day.

    Raises:
        WrongUsageError: the source is files, the last day is not over, or the declaration leaves
            all of the days out.
    """
    if not config.is_polled:
        raise WrongUsageError(
            f"The source {config.name!r} is files, which are read in one go: use usage-pipeline "
            f"backfill {first} {last}."
        )
    newest = last_complete_day(datetime.now(UTC), settings.timezone)
    if last > newest:
        raise WrongUsageError(f"{last} is not over yet: end with {newest} or an earlier day.")
    expected = [day for day in days_between(first, last) if config.expects(day)]
    if not expected:
        raise WrongUsageError(
            f"The source {config.name!r} is declared for days from {config.since or 'the start'} "
            f"to {config.until or 'now'}: none of them is from {first} to {last}."
        )
    with warehouse.connect() as connection:
        read = set(days_of_source(connection, config.name, first, last))
    return [day for day in expected if day not in read]


def read_history(
    warehouse: Warehouse, settings: Settings, config: SourceConfig, days: Sequence[date]
) -> Iterator[Loaded]:
    """Load days of a system, in order.

    Args:
        warehouse: where to load.
        settings: the zone and the limits.
        config: the system.
        days: the days, in order.

    Raises:
        InputError: the system cannot be asked; the message says how far it came.
    """
    count = 0
    declared = DeclaredSources.read(settings.sources_path)
    for first, last in questions(days):
        try:
            for loaded in load_inputs(warehouse, settings, config, first, last):
                if [each.name for each in declared.expecting(loaded.day)] == [config.name]:
                    # Nothing else can have failed on the day.
                    with warehouse.connect() as connection:
                        failed_days.clear(connection, loaded.day)
                yield loaded
                count += 1
        except InputError as error:
            raise InputError(
                f"{error} {count:,} of {counted(len(days), 'day')} are read: give the same "
                "command again to go on from there."
            ) from None


def questions(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """The first and the last day of each question: days in a row, and never too many.

    Args:
        days: days in order, each once.
    """
    if not days:
        return
    first = days[0]
    for day, following in pairwise(days):
        is_gap = following - day > timedelta(days=1)
        if is_gap or (day - first).days == _DAYS_A_QUESTION - 1:
            yield first, day
            first = following
    yield first, days[-1]
