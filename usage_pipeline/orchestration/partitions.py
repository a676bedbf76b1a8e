"""The daily partitions: one per execution date, in the warehouse's zone.

No assets and no schedules here.
"""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from usage_pipeline.execution_dates import days_between
from usage_pipeline.settings import Settings

_PARTITION = "dagster/partition"
_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
# The tag of a run that loads what was tracked and leaves the rest of its days as it is.
ONLY_TRACKED = "usage/only_tracked"
# The tag of a run that leaves its days as they are loaded; its value says which load is built.
ONLY_BUILD = "usage/only_build"


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Days from USAGE_START_DATE to the last one that is over in USAGE_TIMEZONE."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.start_date.isoformat(), timezone=settings.timezone
    )


def range_tags(first: date, last: date) -> dict[str, str]:
    """The run tags that make one run materialize the days `first` to `last`."""
    return {_RANGE_START: first.isoformat(), _RANGE_END: last.isoformat()}


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days a run materializes, in order; none when it materializes no daily asset."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    keys = context.partition_key_range
    return days_between(date.fromisoformat(keys.start), date.fromisoformat(keys.end))


def days_of_tags(tags: Mapping[str, str]) -> list[date]:
    """The days of a run by its tags, in order; none for a run without partitions.

    Asset checks have no partitions of their own; they follow those of their run.
    """
    first = tags.get(_RANGE_START) or tags.get(_PARTITION)
    last = tags.get(_RANGE_END) or tags.get(_PARTITION)
    if first is None or last is None:
        return []
    return days_between(date.fromisoformat(first), date.fromisoformat(last))
