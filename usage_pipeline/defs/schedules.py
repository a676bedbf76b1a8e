"""The jobs, and the nightly schedule, which also catches up on nights that were missed."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import psycopg

from usage_pipeline.execution_dates import days_between
from usage_pipeline.orchestration.partitions import (
    ONLY_TRACKED,
    days_under_way,
    range_tags,
    worth_building,
)
from usage_pipeline.settings import Settings
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.warehouse.built_days import unbuilt_loads
from usage_pipeline.warehouse.executions.tracked import TrackedDays, tracked_days
from usage_pipeline.warehouse.failed_days import failed_days
from usage_pipeline.warehouse.ledger import days_with_open_executions, loaded_days
from usage_pipeline.warehouse.migrate import open_current_warehouse

Requests = list[dg.RunRequest] | dg.SkipReason


def nightly_schedule(settings: Settings, job: Any) -> dg.ScheduleDefinition:
    """Each night: the day that ended, those that late rows may change, and those missed."""
    hour, minute = settings.schedule_time.split(":")

    @dg.schedule(
        name="nightly",
        job=job,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Loads and builds the day that just ended, and days that nights have missed.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> Requests:
        local = context.scheduled_execution_time.astimezone(ZoneInfo(settings.timezone))
        warehouse = open_current_warehouse(settings)
        with warehouse.connect() as connection:
            loaded, failed = loaded_days(connection), failed_days(connection)
            unbuilt = unbuilt_loads(connection, _earliest(settings, local), local.date())
            unfinished = _unfinished(connection, settings, local)
        tracked = tracked_days(warehouse, settings.tracked_days_kept)
        again = worth_building(context.instance, unbuilt)
        busy = days_under_way(context.instance)
        return requests_for(settings, local, loaded, failed, tracked, again, busy, unfinished)

    return nightly


def requests_for(
    settings: Settings,
    now: datetime,
    loaded: Collection[date],
    failed: Collection[date] = (),
    tracked: TrackedDays | None = None,
    unbuilt: Mapping[date, Mapping[str, str]] | None = None,
    busy: Collection[date] = (),
    unfinished: Collection[date] = (),
) -> Requests:
    """The runs for the night of `now`, a time in the warehouse's zone.

    One run covers the days since the last loaded one, at least the look-back. Earlier days that
    failed or were left out get a run each, so that none of them holds up another; so do earlier
    days on which a system that can be asked has begun executions that have not ended yet, days for
    which tracked executions arrived since, of which only those are loaded, and days that are loaded
    but not built, of which nothing is loaded.

    Args:
        settings: the schedule's settings.
        now: when the night's tick was due.
        loaded: the days that are loaded.
        failed: the days whose last load failed.
        tracked: the days of tracked executions, if there are any.
        unbuilt: the days that are loaded but not built, with the tag of a run that builds one.
        busy: the days that a run is at work on.
        unfinished: the days with executions of systems that have not ended.
    """
    day = now.date() - timedelta(days=1)
    earliest = _earliest(settings, now)
    newest = max(loaded, default=None)
    first = max(day - timedelta(days=settings.lookback_days), settings.start_date)
    if newest is not None:
        first = min(first, max(newest + timedelta(days=1), earliest))
    expected = DeclaredSources.read(settings.sources_path).expected_days(
        min(first, earliest), day, tracked.first if tracked else None
    )
    new = [each for each in expected if each == day or (newest is not None and each > newest)]
    requests = []
    covered: list[date] = []
    if new:
        covered = days_between(min(first, new[0]), new[-1])
        tags = range_tags(covered[0], covered[-1])
        requests.append(dg.RunRequest(run_key=f"nightly-{day}", tags=tags))
    oldest = min(loaded, default=day)
    again = [
        each
        for each in expected
        if earliest <= each < first
        and each not in busy
        and (each in failed or (each > oldest and each not in loaded))
    ]
    again += [
        each for each in unfinished if each < first and each not in busy and each not in again
    ]
    requests += [
        dg.RunRequest(run_key=f"nightly-{day}-again-{each}", tags=range_tags(each, each))
        for each in sorted(again)
    ]
    late = {each for each in tracked.late if settings.start_date <= each < first} if tracked else ()
    requests += [
        dg.RunRequest(
            run_key=f"nightly-{day}-tracked-{each}",
            tags={**range_tags(each, each), ONLY_TRACKED: "true"},
        )
        for each in sorted(set(late) - set(again))
    ]
    requests += [
        dg.RunRequest(run_key=f"nightly-{day}-build-{each}", tags={**range_tags(each, each), **tag})
        for each, tag in sorted((unbuilt or {}).items())
        if earliest <= each <= day
        and not any(each in some for some in (covered, busy, late, again))
    ]
    return requests or dg.SkipReason(
        f"No source in {settings.sources_path} expects executions on {day}, and no day is missing."
    )


def _unfinished(connection: psycopg.Connection, settings: Settings, now: datetime) -> list[date]:
    """The days of executions that are open and not given up, of sources that can be asked again."""
    day = now.date() - timedelta(days=1)
    first = max(day - timedelta(days=settings.unfinished_days), settings.start_date)
    polled = DeclaredSources.read(settings.sources_path).polled()
    return days_with_open_executions(connection, polled, first, day) if polled else []


def _earliest(settings: Settings, now: datetime) -> date:
    """The first day that the night of `now` looks back to."""
    return max(now.date() - timedelta(days=1 + settings.catch_up_days), settings.start_date)


NIGHTLY = "nightly"
BACKFILL = "backfill"


def nightly_job() -> Any:
    """The job of every night: load, build every mart, mine, retire, check."""
    return _whole_graph(NIGHTLY, "Loads a day, builds every mart of it, mines, runs the checks.")


def backfill_job() -> Any:
    """The same for many days in one run; a job of its own keeps the history of nights readable."""
    return _whole_graph(BACKFILL, "Does what the nightly job does, for a range of days in one run.")


def _whole_graph(name: str, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description=description,
    )
