"""Days that are loaded and whose marts do not know it: which of them a night builds again.

A run that died between load and marts leaves such a day. It is built again as it is loaded, once a
night, unless a run is at work on it or the same load has been tried often enough.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from usage_pipeline.orchestration.partitions import ONLY_BUILD, days_of_tags

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
