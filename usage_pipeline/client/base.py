"""What both clients have in common: tracking, which is never asynchronous, and its counts."""

import httpx

from usage_pipeline.client.lifetime import survive_forks
from usage_pipeline.client.options import Options, key_or_default, url_or_default
from usage_pipeline.client.reports import Report, Trigger
from usage_pipeline.client.stats import TrackingStats
from usage_pipeline.client.tracking import Identifier, Reporter, Tracker, UserChoice

FLUSH_SECONDS = 10.0
CLOSE_SECONDS = 5.0


class TrackingClient:
    """Tracking of executions through a background thread. Use `Client` or `AsyncClient`."""

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
        tracking_transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Set up a client. Nothing is opened or sent before it is needed.

        Args:
            url: where the API is; without it `USAGE_API_URL`, else `http://127.0.0.1:8000`.
            api_key: an API key or a bearer token; without it `USAGE_API_KEY`.
            user_id: whose executions they are unless `track` says otherwise.
            timeout: how many seconds a request may take.
            max_waiting: how many executions may wait to be sent; further ones are dropped.
            send_interval: how many seconds reports are gathered into one request.
            error_messages: report messages of exceptions; False reports their types only.
            tracking_transport: what httpx sends tracking requests with, instead of its own.

        Raises:
            ValueError: an argument makes no sense.
        """
        self._options = Options(
            url=url_or_default(url),
            api_key=key_or_default(api_key),
            user_id=user_id,
            timeout=timeout,
            max_waiting=max_waiting,
            send_interval=send_interval,
            error_messages=error_messages,
        )
        self._reporter = self._options.reporter(tracking_transport)
        survive_forks(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options.url!r})"

    def after_fork(self) -> None:
        """Called in a forked child, which must not use its parent's connections."""

    @property
    def reporter(self) -> Reporter:
        """Where this client's reports go."""
        return self._reporter

    @property
    def stats(self) -> TrackingStats:
        """What became of the reports so far."""
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
