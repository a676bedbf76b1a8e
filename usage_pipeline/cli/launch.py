"""Runs a job in this process, recorded like any other run, for the CLI and the tests."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.execution.plan.objects import ErrorSource

from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.code_location import job_origin
from usage_pipeline.orchestration.failures import failed_steps, failed_warnings
from usage_pipeline.orchestration.first_day import keep_first_day
from usage_pipeline.orchestration.home import prepare_dagster_home
from usage_pipeline.orchestration.partitions import ONLY_BUILD, range_tags, span_of
from usage_pipeline.processes import Interrupted
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import connected_environment
from usage_pipeline.warehouse.connection import Warehouse


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        run_id: Dagster's id of the run.
        succeeded: whether every step and blocking check passed.
        failures: one sentence per failed step or failed check.
        warnings: one sentence per check that only warns.
    """

    run_id: str
    succeeded: bool
    failures: list[str]
    warnings: list[str]


def run_days(
    settings: Settings,
    warehouse: Warehouse,
    job_name: str,
    first: date,
    last: date,
    on_line: Callable[[str], None],
    *,
    only_build: bool = False,
) -> RunOutcome:
    """Run a job of the code location for the days `first` to `last`, as one run.

    Args:
        settings: the settings.
        warehouse: the warehouse.
        job_name: the job.
        first: the first day.
        last: the last day.
        on_line: takes each line of progress.
        only_build: build the days as they are loaded; no source is asked.

    Raises:
        UsageError: a day lies outside the partitions.
        Interrupted: the run was interrupted, and is recorded as canceled.
    """
    from usage_pipeline.defs import build_definitions

    if first < settings.start_date:
        raise UsageError(
            f"{first} lies before USAGE_START_DATE ({settings.start_date}): set that earlier."
        )
    environment = prepare_dagster_home(settings, warehouse)
    with connected_environment(environment), _console_to_log(settings, on_line):
        job = build_definitions(settings, first).resolve_job_def(job_name)
        with dg.DagsterInstance.get() as instance:
            # dagster-postgres otherwise opens a connection for every event, and a run of many
            # days writes thousands.
            instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
            # `execute_in_process` gives a run no origin, without which the web UI hides it.
            run = instance.create_run_for_job(
                job,
                tags={
                    **job.run_tags,
                    **range_tags(first, last),
                    **({ONLY_BUILD: "true"} if only_build else {}),
                },
                remote_job_origin=job_origin(job_name),
            )
            events = list(_events(job, run, instance))
    if any(event.event_type == dg.DagsterEventType.RUN_CANCELED for event in events):
        raise Interrupted
    keep_first_day(settings, warehouse)
    span = span_of([first, last])
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    steps = [event for event in events if event.is_step_failure]
    failures = failed_steps(steps, evaluations, span)
    warnings = failed_warnings(evaluations, span)
    succeeded = any(event.event_type == dg.DagsterEventType.RUN_SUCCESS for event in events)
    return RunOutcome(run.run_id, succeeded and not failures, failures, warnings)


def _events(
    job: dg.JobDefinition, run: dg.DagsterRun, instance: dg.DagsterInstance
) -> Iterator[dg.DagsterEvent]:
    """Execute a run; one that is interrupted ends as canceled."""
    for event in execute_run_iterator(InMemoryJob(job), run, instance):
        if event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT:
            # Dagster records an interruption that nobody announced as a crash.
            instance.report_run_canceling(run, "Interrupted by Ctrl-C or SIGTERM.")
        yield event


@contextmanager
def _console_to_log(settings: Settings, on_line: Callable[[str], None]) -> Iterator[None]:
    """Send what Dagster and dbt print to a log file, and the pipeline's own lines to `on_line`."""
    logger = logging.getLogger("usage_pipeline")
    handler = _LineHandler(on_line)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    sys.stdout.flush()
    sys.stderr.flush()
    with (settings.logs / "runs.log").open("ab") as log:
        # File descriptors, not sys.stderr: handlers that Dagster made earlier hold the old object.
        kept = [os.dup(1), os.dup(2)]
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for target, descriptor in zip((1, 2), kept, strict=True):
                os.dup2(descriptor, target)
                os.close(descriptor)
            logger.removeHandler(handler)


class _LineHandler(logging.Handler):
    def __init__(self, on_line: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._on_line = on_line

    def emit(self, record: logging.LogRecord) -> None:
        self._on_line(record.getMessage())
