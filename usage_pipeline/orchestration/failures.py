"""How a step and a check fail: one sentence for people, never a traceback or a class name."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg
import psycopg
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from usage_pipeline.errors import UsageError, WarehouseUnavailableError

_RETRIES: Final = 3
# A server that restarts is back within half a minute.
_RETRY_SECONDS: Final = 15


def _again() -> dg.RetryRequested:
    """The request that a step raises for a fault that may pass; the last attempt fails of it.

    Steps have no retry policy: with one, Dagster starts an interrupted step again instead of
    stopping it.
    """
    return dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_RETRY_SECONDS)


@contextmanager
def warehouse_errors() -> Iterator[None]:
    """Let a step fail with one sentence for what a user must mend, and repeat it for what passes.

    A warehouse that cannot be reached may come back, and so may one that chose our transaction to
    end a deadlock.
    """
    try:
        yield
    except WarehouseUnavailableError as error:
        raise _again() from dg.Failure(str(error))
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise _again() from dg.Failure(f"The warehouse could not do this now: {reason}")
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
    """The message of a failed check: its own sentence, else its name and the days.

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
def dbt_errors() -> Iterator[None]:
    """Turn dbt's report into one paragraph, repeated only when it may pass by itself."""
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        reason = f"dbt: {dbt_reasons(str(error))}"
        if any(word in reason.lower() for word in _TRANSIENT):
            raise _again() from dg.Failure(reason)
        raise dg.Failure(description=reason, allow_retries=False) from None


def dbt_reasons(report: str) -> str:
    """The errors in dagster-dbt's report of a failed invocation, without its preamble."""
    plain = _TERMINAL_COLOUR.sub("", report)
    _, _, parsed = plain.partition("Errors parsed from dbt logs:")
    return " ".join((parsed or plain).split())
