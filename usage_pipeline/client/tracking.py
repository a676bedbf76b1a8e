"""`track`: reports the start and the end of a function or of a block, and never gets in its way.

Values of the caller are taken as they are; one that cannot be reported costs the report (it is
counted as rejected), never the call. Sending is the sender's business.
"""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast
from uuid import uuid4

from usage_pipeline.client.reports import (
    Report,
    Status,
    Trigger,
    error_text,
    shortened,
    status_of,
)
from usage_pipeline.client.requests import Identifier
from usage_pipeline.client.sender import Sender

P = ParamSpec("P")
R = TypeVar("R")
UserChoice = Identifier | Callable[..., Identifier | None] | None


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where reports go, and what is the same for all of them.

    Attributes:
        sender: takes the reports.
        user_id: whose executions they are unless `track` says otherwise.
        error_messages: whether messages of exceptions are reported, or their types only.
    """

    sender: Sender
    user_id: Identifier | None = None
    error_messages: bool = True


class TrackedExecution:
    """An execution that is under way, as `with track(...) as execution` gives it.

    Attributes:
        execution_id: the id it is reported under.
        input_size: bytes read; set it before the end.
        output_size: bytes written; set it before the end.
        cost: what it cost; set it before the end.
    """

    __slots__ = (
        "_begun", "_outcome", "_outer", "_report", "_reporter", "_taken", "_under_way", "cost",
        "execution_id", "input_size", "output_size",
    )  # fmt: skip

    def __init__(
        self, report: Report | None, reporter: Reporter | None, outer: "TrackedExecution | None"
    ) -> None:
        """Begin an execution; without report or reporter it is one that is told to nobody."""
        self.execution_id = report.execution_id if report else None
        self.input_size: int | None = None
        self.output_size: int | None = None
        self.cost: float | None = None
        self._report = report
        self._reporter = reporter
        self._outcome: tuple[Status, str | None] | None = None
        self._outer = outer
        self._under_way = True
        self._taken = bool(report and reporter and reporter.sender.put(report))
        self._begun = perf_counter()

    def fail(self, message: str) -> None:
        """Report it as failed although no exception ends it."""
        self._outcome = ("failed", shortened(str(message)))

    def cancel(self) -> None:
        """Report it as cancelled although no exception ends it."""
        self._outcome = ("cancelled", None)

    def end(self, error: BaseException | None) -> None:
        """Report the end, which `error` brought about if there is one. This never raises."""
        self._under_way = False
        _innermost.set(_open(_innermost.get()))
        try:
            self._report_end(error)
        except Exception as mistake:
            if self._reporter is not None:
                self._reporter.sender.reject(_reason(mistake))

    def _report_end(self, error: BaseException | None) -> None:
        start, reporter = self._report, self._reporter
        if start is None or reporter is None or start.start_time is None:
            return
        # The wall clock may be set back meanwhile; an end before its start would be refused.
        ended = start.start_time + timedelta(seconds=perf_counter() - self._begun)
        status, message = status_of(error), None
        if error is None and self._outcome is not None:
            status, message = self._outcome
        elif error is not None and status == "failed":
            message = error_text(error, with_message=reporter.error_messages)
        report = Report(
            user_id=start.user_id,
            workflow_id=start.workflow_id,
            status=status,
            execution_id=start.execution_id,
            workflow_name=start.workflow_name,
            attempt=start.attempt,
            start_time=start.start_time,
            end_time=ended,
            trigger=start.trigger,
            input_size=self.input_size,
            output_size=self.output_size,
            cost=self.cost,
            error_message=message,
        )
        reporter.sender.put(report, taken_before=self._taken)


_innermost: ContextVar[TrackedExecution | None] = ContextVar(
    "usage_pipeline_execution", default=None
)


def _open(execution: TrackedExecution | None) -> TrackedExecution | None:
    """The innermost execution from this one outwards that has not ended.

    Blocks need not end in the order in which they began: a generator may hold one open.
    """
    while execution is not None and not execution._under_way:
        execution = execution._outer
    return execution


class Tracker:
    """What `track(...)` gives: a decorator, and a context manager for `with` and `async with`."""

    def __init__(
        self,
        find_reporter: Callable[[], Reporter | None],
        workflow_id: Identifier,
        *,
        user_id: UserChoice = None,
        workflow_name: str | None = None,
        trigger: Trigger | None = None,
        execution_id: Identifier | None = None,
        attempt: int | None = None,
    ) -> None:
        """See `track`."""
        self._find_reporter = find_reporter
        self._workflow_id = workflow_id
        self._user_id = user_id
        self._workflow_name = workflow_name
        self._trigger = trigger
        self._execution_id = execution_id
        self._attempt = attempt
        self._entered: list[TrackedExecution] = []

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Track every call of a function or coroutine function.

        Raises:
            TypeError: it cannot be tracked, which shows at once and not when it is called.
        """
        if not callable(function):
            raise TypeError("track() decorates functions; put it below @classmethod or @property.")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                "track() cannot decorate a generator, which ends when its reader wants: "
                "use `with track(...)` inside it."
            )
        if self._execution_id is not None:
            raise TypeError(
                "track(execution_id=...) names one execution: use it in a with statement."
            )
        if _is_asynchronous(function):
            return cast("Callable[P, R]", self._around_coroutine(cast("Any", function)))

        @functools.wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> R:
            execution = self._begin(args, kwargs)
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                execution.end(error)
                raise
            execution.end(None)
            return result

        return tracked

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def tracked(*args: Any, **kwargs: Any) -> Any:
            execution = self._begin(args, kwargs)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                execution.end(error)
                raise
            execution.end(None)
            return result

        return tracked

    def __enter__(self) -> TrackedExecution:
        execution = self._begin((), {})
        self._entered.append(execution)
        return execution

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._entered:
            self._entered.pop().end(error)

    async def __aenter__(self) -> TrackedExecution:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TrackedExecution:
        outer = _open(_innermost.get())
        reporter = None
        try:
            reporter = self._find_reporter()
            report = (
                None
                if reporter is None
                else self._started(reporter, outer is not None, args, kwargs)
            )
            execution = TrackedExecution(report, reporter, outer)
        except Exception as error:
            if reporter is not None:
                reporter.sender.reject(_reason(error))
            execution = TrackedExecution(None, None, outer)
        _innermost.set(execution)
        return execution

    def _started(
        self, reporter: Reporter, inside: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Report:
        user = self._user_id
        if callable(user):
            user = user(*args, **kwargs)
        if user is None:
            user = reporter.user_id
        if user is None:
            raise ValueError("no user: pass user_id to track() or to the client")
        if self._workflow_id is None or self._workflow_id == "":
            raise ValueError("no workflow: pass its id to track()")
        return Report(
            user_id=str(user),
            workflow_id=str(self._workflow_id),
            status="started",
            execution_id=str(self._execution_id or uuid4()),
            workflow_name=self._workflow_name,
            attempt=self._attempt,
            start_time=datetime.now(UTC),
            trigger=self._trigger or ("chained" if inside else "api"),
        )


def _reason(mistake: Exception) -> str:
    return error_text(mistake, with_message=True)


def _is_asynchronous(function: Callable[..., Any]) -> bool:
    # An object with an asynchronous __call__ is no coroutine function; only that method is.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - not asking whether it is callable
    )
