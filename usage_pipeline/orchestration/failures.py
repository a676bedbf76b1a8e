"""How a user's mistake ends a step: one sentence, no traceback, no retry."""

import re
from collections.abc import Iterator
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
