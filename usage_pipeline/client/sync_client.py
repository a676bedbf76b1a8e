"""The client for ordinary programs."""

from types import TracebackType
from typing import Any, Self

import httpx

from usage_pipeline.client.base import CLOSE_SECONDS, FLUSH_SECONDS, TrackingClient
from usage_pipeline.client.endpoints import Request
from usage_pipeline.client.reading import Blocking, Reading
from usage_pipeline.client.tracking import Identifier
from usage_pipeline.client.transport import arguments, unreachable


class Client(TrackingClient, Reading, Blocking):
    """Tracks executions, and reads everything the API answers.

    It may be shared by threads. Reading methods raise `ApiError`; tracking raises nothing. Lists
    are read page by page while they are iterated.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        user_id: Identifier | None = None,
        timeout: float = 10.0,
        max_waiting: int = 10_000,
        send_interval: float = 1.0,
        error_messages: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Set up a client as `TrackingClient` says; httpx sends all of it with `transport`."""
        super().__init__(
            url,
            api_key,
            user_id=user_id,
            timeout=timeout,
            max_waiting=max_waiting,
            send_interval=send_interval,
            error_messages=error_messages,
            tracking_transport=transport,
        )
        self._transport = transport
        self._http: httpx.Client | None = None

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
        """Leave the parent's connections alone."""
        self._http = None

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until all reports so far are settled; False when that took too long."""
        return self._reporter.sender.flush(timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Send what waits for at most `timeout` seconds, then drop the rest and take no more.

        The end of the process does this too, for at most 2 seconds.
        """
        self._reporter.sender.close(timeout)
        if self._http is not None:
            self._http.close()

    def response(self, request: Request[Any]) -> httpx.Response:
        """Send a request; ApiError when there is no answer."""
        if self._http is None:
            self._http = httpx.Client(transport=self._transport, **self._options.http)
        try:
            return self._http.request(**arguments(request))
        except httpx.HTTPError as error:
            raise unreachable(request, error) from error
