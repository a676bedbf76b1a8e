"""The daily partitions, one per execution date in the warehouse's zone, and the runs of a day.

Assets and schedules do not belong here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from usage_pipeline.execution_dates import days_between
from usage_pipeline.orchestration.first_day import first_day
from usage_pipeline.settings import Settings

_PARTITION = "dagster/partition"
_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
# The tag of a run that loads what was tracked and leaves the rest of its days as it is.
ONLY_TRACKED = "usage/only_tracked"
# The tag of a run that leaves its days as they are loaded; its value says which load is built.
ONLY_BUILD = "usage/only_build"


def daily_partitions(
    settings: Settings, earliest: date | None = None
) -> dg.DailyPartitionsDefinition:
    """Days from the first configured or loaded one to the last that is over in USAGE_TIMEZONE.

    Args:
        settings: the zone, and where the first day is kept.
        earliest: a day of a run, where that is earlier.
    """
    first = first_day(settings)
    return dg.DailyPartitionsDefinition(
        start_date=min(first, earliest or first).isoformat(), timezone=settings.timezone
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


def span_of(days: Sequence[date]) -> str:
    """The days of a run as people write them: one day, or the first and the last."""
    if not days:
        return ""
    return str(days[0]) if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


ATTEMPTS = 3
"""How many runs build one load of a day again before somebody has to look."""

# A run whose process was killed together with the daemon stays "started" for ever.
_LONGEST_RUN = timedelta(hours=12)
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def days_under_way(instance: dg.DagsterInstance) -> set[date]:
    """The days of the runs that were begun within the last half day and have not ended."""
    since = datetime.now(UTC) - _LONGEST_RUN
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY, created_after=since))
    return {day for run in runs for day in days_of_tags(run.tags)}


def worth_building(
    instance: dg.DagsterInstance, unbuilt: Mapping[date, datetime]
) -> dict[date, dict[str, str]]:
    """The days to build again with the tag of such a run, without those tried too often.

    Args:
        instance: knows the runs so far.
        unbuilt: the loads that the marts do not know.
    """
    tags = {day: {ONLY_BUILD: f"{day} {at.isoformat()}"} for day, at in unbuilt.items()}
    return {
        day: tag
        for day, tag in tags.items()
        if instance.get_runs_count(dg.RunsFilter(tags=tag)) < ATTEMPTS
    }
