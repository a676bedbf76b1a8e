"""The nightly schedule."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from usage_pipeline.ingestion import expected_sources
from usage_pipeline.partitions import range_tags
from usage_pipeline.settings import Settings


def nightly_schedule(settings: Settings, job: Any) -> dg.ScheduleDefinition:
    """Each night: the day that just ended, and the few before it that late rows may change."""
    hour, minute = settings.schedule_time.split(":")

    @dg.schedule(
        name="nightly",
        job=job,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Loads and builds the day that just ended.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        local = context.scheduled_execution_time.astimezone(ZoneInfo(settings.timezone))
        return request_for(settings, local)

    return nightly


def request_for(settings: Settings, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """The run for the night of `now`, a time in the warehouse's zone."""
    day = now.date() - timedelta(days=1)
    if not expected_sources(settings, day):
        return dg.SkipReason(f"No source in {settings.sources_path} expects executions on {day}.")
    first = max(day - timedelta(days=settings.lookback_days), settings.start_date)
    return dg.RunRequest(
        run_key=f"nightly-{day}",
        tags=range_tags(first, day),
    )
