"""How a step and a check fail: one sentence for people, never a traceback or a class name."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dagster as dg
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from usage_pipeline.errors import UsageError, WarehouseUnavailableError


@contextmanager
def user_errors_as_failures() -> Iterator[None]:
    """Turn what a user must mend into a failure that is not retried.

    A warehouse that cannot be reached may come back, so that error passes on to the retry policy.
    """
    try:
        yield
    except WarehouseUnavailableError as error:
        raise dg.Failure(description=str(error), allow_retries=True) from None
    except UsageError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def step_failure(event: dg.DagsterEvent) -> str:
    """The step and why it failed: our own sentence when there is one, else its first cause's."""
    data = event.step_failure_data
    text = data.user_failure_data.description if data.user_failure_data else None
    if not text and data.error is not None:
        cause = data.error
        while cause.cause is not None:
            cause = cause.cause
        text = cause.message.strip()
    return f"{event.step_key}: {text or 'failed'}"


def check_failure(evaluation: dg.AssetCheckEvaluation, days: str) -> str:
    """What a failed check tells: its own sentence when it has one, else its name and the days.

    The checks of dbt do not have one.
    """
    if evaluation.description:
        return evaluation.description
    return (
        f"The check {evaluation.check_name} of {evaluation.asset_key.to_user_string()} failed"
        + (f" in the run of {days}." if days else ".")
    )


def failed_steps(
    steps: Iterable[dg.DagsterEvent], evaluations: Iterable[dg.AssetCheckEvaluation], days: str
) -> list[str]:
    """One sentence per failed check that stops a run, and per step that failed of itself.

    A step that only passes on that a check failed is left out: the check says why.
    """
    checks = [
        check_failure(each, days)
        for each in evaluations
        if not each.passed and each.severity == dg.AssetCheckSeverity.ERROR
    ]
    others = [step_failure(event) for event in steps if not (checks and _is_of_check(event))]
    return [*checks, *others]


def failed_warnings(evaluations: Iterable[dg.AssetCheckEvaluation], days: str) -> list[str]:
    """One sentence per failed check that only warns."""
    return [
        check_failure(each, days)
        for each in evaluations
        if not each.passed and each.severity == dg.AssetCheckSeverity.WARN
    ]


def _is_of_check(event: dg.DagsterEvent) -> bool:
    error = event.step_failure_data.error
    while error is not None and error.cls_name != _CHECK_FAILED:
        error = error.cause
    return error is not None


_CHECK_FAILED = "DagsterAssetCheckFailedError"
_TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TRANSIENT = ("connection", "deadlock detected", "lock timeout", "terminating", "starting up")


@contextmanager
def dbt_errors_as_failures() -> Iterator[None]:
    """Turn dbt's report into one paragraph, retried only when it may pass by itself."""
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        text = dbt_reasons(str(error))
        transient = any(word in text.lower() for word in _TRANSIENT)
        raise dg.Failure(description=f"dbt: {text}", allow_retries=transient) from None


def dbt_reasons(report: str) -> str:
    """The errors in dagster-dbt's report of a failed invocation, without its preamble."""
    plain = _TERMINAL_COLOUR.sub("", report)
    _, _, parsed = plain.partition("Errors parsed from dbt logs:")
    return " ".join((parsed or plain).split())
