"""`Client` and `AsyncClient`: how they are set up, and their connections.

`reading` has their questions to the API, `tracking` their reports.
"""

import asyncio
import os
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import httpx

from usage_pipeline.client.async_reading import AsyncReading
from usage_pipeline.client.delivery import Delivery, TrackingStats
from usage_pipeline.client.errors import ApiError
from usage_pipeline.client.lifetime import survive_forks
from usage_pipeline.client.reading import Reading
from usage_pipeline.client.reports import Report, Trigger
from usage_pipeline.client.requests import Identifier, Request, checked_url, headers
from usage_pipeline.client.sender import Sender
from usage_pipeline.client.tracking import Reporter, Tracker, UserChoice

URL_VARIABLE: Final = "USAGE_API_URL"
KEY_VARIABLE: Final = "USAGE_API_KEY"
DEFAULT_URL: Final = "http://127.0.0.1:8000"
_FLUSH_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0


@dataclass(eq=False, repr=False)
class TrackingClient(ABC):
    """Tracks executions through a background thread. Use `Client` or `AsyncClient`.

    Nothing is opened or sent before it is needed. An argument that makes no sense is a ValueError.

    Attributes:
        url: where the API is; without it `USAGE_API_URL`, else `http://127.0.0.1:8000`.
        api_key: an API key or a bearer token; without it `USAGE_API_KEY`. It is never shown.
        user_id: whose executions they are unless `track` says otherwise.
        timeout: how many seconds a request may take.
        max_waiting: how many executions may wait to be sent; further ones are dropped.
        send_interval: how many seconds reports are gathered into one request.
        error_messages: report messages of exceptions; False reports their types only.
    """

    url: str | None = None
    api_key: str | None = None
    _: KW_ONLY
    user_id: Identifier | None = None
    timeout: float = 10.0
    max_waiting: int = 10_000
    send_interval: float = 1.0
    error_messages: bool = True

    def __post_init__(self) -> None:
        """Check what would otherwise fail in the background only."""
        self.url = checked_url(self.url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)
        self.api_key = self.api_key or os.environ.get(KEY_VARIABLE)
        headers(self.api_key)
        if self.timeout <= 0 or self.send_interval < 0 or self.max_waiting < 1:
            raise ValueError(
                "timeout and max_waiting must be positive and send_interval not negative"
            )
        sender = Sender(
            Delivery(self._tracking_connection),
            capacity=self.max_waiting,
            interval=self.send_interval,
            timeout=self.timeout,
        )
        self._reporter = Reporter(sender, self.user_id, self.error_messages)
        survive_forks(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @abstractmethod
    def after_fork(self) -> None:
        """Leave the parent's connections alone; called in a forked child."""

    @abstractmethod
    def _tracking_connection(self) -> httpx.Client:
        """The sender of the background thread, with a connection of its own."""

    @property
    def _http_options(self) -> dict[str, Any]:
        return {"base_url": self.url, "headers": headers(self.api_key), "timeout": self.timeout}

    @property
    def reporter(self) -> Reporter:
        """Where this client's reports go."""
        return self._reporter

    @property
    def stats(self) -> TrackingStats:
        """The fate of the reports so far, in numbers."""
        return self._reporter.sender.stats

    def track(
        self,
        workflow_id: Identifier,
        *,
        user_id: UserChoice = None,
        workflow_name: str | None = None,
        trigger: Trigger | None = None,
        execution_id: Identifier | None = None,
        attempt: int | None = None,
    ) -> Tracker:
        """Track a function (as its decorator) or a block (`with` or `async with`); see `track`."""
        return Tracker(
            lambda: self._reporter,
            workflow_id,
            user_id=user_id,
            workflow_name=workflow_name,
            trigger=trigger,
            execution_id=execution_id,
            attempt=attempt,
        )

    def report(self, report: Report) -> bool:
        """Hand over a state of an execution that runs elsewhere; returns whether it was taken.

        It is sent in the background like those of `track`.
        """
        return self._reporter.sender.put(report, taken_before=report.status != "started")


@dataclass(eq=False, repr=False, kw_only=True)
class Client(TrackingClient, Reading):
    """Tracks executions, and reads everything the API answers.

    It may be shared by threads. Reading methods raise `ApiError`; tracking raises nothing. Lists
    are read page by page while they are iterated. It takes what `TrackingClient` takes, and:

    Attributes:
        transport: what httpx sends everything with, instead of its own.
    """

    transport: httpx.BaseTransport | None = None
    _http: httpx.Client | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def after_fork(self) -> None:
        """Leave the parent's connections alone; called in a forked child."""
        self._http = None

    def flush(self, timeout: float = _FLUSH_SECONDS) -> bool:
        """Wait until all reports so far are settled; False when that took too long."""
        return self._reporter.sender.flush(timeout)

    def close(self, timeout: float = _CLOSE_SECONDS) -> None:
        """Send what waits for at most `timeout` seconds, then drop the rest and take no more.

        The end of the process does this too, for at most 2 seconds.
        """
        self._reporter.sender.close(timeout)
        if self._http is not None:
            self._http.close()

    def _tracking_connection(self) -> httpx.Client:
        return httpx.Client(transport=self.transport, **self._http_options)

    def _response(self, request: Request[Any]) -> httpx.Response:
        if self._http is None:
            self._http = httpx.Client(transport=self.transport, **self._http_options)
        try:
            return self._http.request(**request.arguments)
        except httpx.HTTPError as error:
            raise _unreachable(request, error) from error


@dataclass(eq=False, repr=False, kw_only=True)
class AsyncClient(TrackingClient, AsyncReading):
    """Tracks executions, and reads everything the API answers, without blocking the event loop.

    `track` and `report` are ordinary methods that return at once; a thread sends. Reading methods
    raise `ApiError`. Lists are read page by page while they are iterated with `async for`. It takes
    what `TrackingClient` takes, and:

    Attributes:
        transport: what httpx reads with, instead of its own.
        tracking_transport: what httpx sends reports with, instead of its own.
    """

    transport: httpx.AsyncBaseTransport | None = None
    tracking_transport: httpx.BaseTransport | None = None
    _http: httpx.AsyncClient | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def after_fork(self) -> None:
        """Leave the parent's connections alone; called in a forked child."""
        self._http = None

    async def flush(self, timeout: float = _FLUSH_SECONDS) -> bool:
        """Wait until all reports so far are settled; False when that took too long."""
        return await asyncio.to_thread(self._reporter.sender.flush, timeout)

    async def aclose(self, timeout: float = _CLOSE_SECONDS) -> None:
        """Send what waits for at most `timeout` seconds, then drop the rest and take no more.

        The end of the process does this too, for at most 2 seconds.
        """
        await asyncio.to_thread(self._reporter.sender.close, timeout)
        if self._http is not None:
            await self._http.aclose()

    def _tracking_connection(self) -> httpx.Client:
        return httpx.Client(transport=self.tracking_transport, **self._http_options)

    async def _response(self, request: Request[Any]) -> httpx.Response:
        if self._http is None:
            self._http = httpx.AsyncClient(transport=self.transport, **self._http_options)
        try:
            return await self._http.request(**request.arguments)
        except httpx.HTTPError as error:
            raise _unreachable(request, error) from error


def _unreachable(request: Request[Any], error: Exception) -> ApiError:
    detail = f"{request.method} {request.path} got no answer ({type(error).__name__}: {error})"
    return ApiError("The API cannot be reached", detail=detail)
