"""`track` without a client: it reports through one for the whole process.

`set_default_client` sets that client; otherwise it is made of `USAGE_API_URL` and `USAGE_API_KEY`.
Without an address, tracking is off and says so once: a test run or a laptop should not look for an
API that is not there.
"""

import logging
import os
import threading

from usage_pipeline.client.clients import URL_VARIABLE, Client, TrackingClient
from usage_pipeline.client.reports import Trigger
from usage_pipeline.client.requests import Identifier
from usage_pipeline.client.tracking import Reporter, Tracker, UserChoice

_log = logging.getLogger("usage_pipeline.client")


class _Default:
    """The client of the process, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._client: TrackingClient | None = None
        self._looked = False

    def set(self, client: TrackingClient) -> None:
        with self._lock:
            self._client = client
            self._looked = True

    def reporter(self) -> Reporter | None:
        if not self._looked:
            with self._lock:
                if not self._looked:
                    self._client = _from_environment()
                    self._looked = True
        return None if self._client is None else self._client.reporter


def _from_environment() -> Client | None:
    if not os.environ.get(URL_VARIABLE):
        _log.warning("Tracking is off: set %s, or call set_default_client().", URL_VARIABLE)
        return None
    try:
        return Client()
    except ValueError as error:
        _log.warning("Tracking is off: %s.", error)
        return None


_default = _Default()


def set_default_client(client: TrackingClient) -> None:
    """Let `track` report through this client, unless a call names another one."""
    _default.set(client)


def track(
    workflow_id: Identifier,
    *,
    user_id: UserChoice = None,
    workflow_name: str | None = None,
    trigger: Trigger | None = None,
    execution_id: Identifier | None = None,
    attempt: int | None = None,
    client: TrackingClient | None = None,
) -> Tracker:
    """Report the start and the end of every call of a function, or of a block.

        @track("send-weekly-report", user_id=lambda order: order.owner_id)
        def send_report(order): ...

        with track("import-statement", user_id=user.id) as execution:
            execution.input_size = load(file)

    It works on functions and coroutine functions, with `with` and with `async with`. An exception
    goes on to the caller as it was and is reported as `failed`; an end from outside
    (`CancelledError`, `KeyboardInterrupt`) is `cancelled`. Nothing here raises or waits.

    Args:
        workflow_id: which workflow it is.
        user_id: whose execution it is, or a function of the call's arguments that tells; without
            it the client's.
        workflow_name: what people call the workflow.
        trigger: what started it; without it `chained` inside another tracked execution, else `api`.
        execution_id: the id of this execution if it has one already; only for blocks.
        attempt: 1 for the first try, 2 for the first repetition under the same id, ...
        client: what to report through; without it the default one.
    """

    def find_reporter() -> Reporter | None:
        return _default.reporter() if client is None else client.reporter

    return Tracker(
        find_reporter,
        workflow_id,
        user_id=user_id,
        workflow_name=workflow_name,
        trigger=trigger,
        execution_id=execution_id,
        attempt=attempt,
    )
