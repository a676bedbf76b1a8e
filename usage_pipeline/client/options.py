"""How a client is set up: from arguments, or from the environment for the default one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from usage_pipeline.client.delivery import Delivery
from usage_pipeline.client.sender import Sender
from usage_pipeline.client.tracking import Identifier, Reporter
from usage_pipeline.client.transport import checked_url, headers

URL_VARIABLE: Final = "USAGE_API_URL"
KEY_VARIABLE: Final = "USAGE_API_KEY"
DEFAULT_URL: Final = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Options:
    """What both clients are told.

    Attributes:
        url: where the API is.
        api_key: an API key or a token; it is never shown.
        user_id: whose executions they are unless `track` says otherwise.
        timeout: how many seconds a request may take.
        max_waiting: how many executions may wait to be sent.
        send_interval: how many seconds reports are gathered into one request.
        error_messages: whether messages of exceptions are reported, or their types only.
    """

    url: str
    api_key: str | None
    user_id: Identifier | None
    timeout: float
    max_waiting: int
    send_interval: float
    error_messages: bool

    def __post_init__(self) -> None:
        """Check what would otherwise fail in the background only."""
        checked_url(self.url)
        headers(self.api_key)
        if self.timeout <= 0 or self.send_interval < 0 or self.max_waiting < 1:
            raise ValueError(
                "timeout and max_waiting must be positive and send_interval not negative"
            )

    def __repr__(self) -> str:
        return f"Options(url={self.url!r})"

    @property
    def http(self) -> dict[str, Any]:
        """Arguments of httpx's clients."""
        return {
            "base_url": checked_url(self.url),
            "headers": headers(self.api_key),
            "timeout": self.timeout,
        }

    def reporter(self, transport: httpx.BaseTransport | None) -> Reporter:
        """Where this client's reports go: a sender with connections of its own."""

        def open_client() -> httpx.Client:
            return httpx.Client(transport=transport, **self.http)

        sender = Sender(
            Delivery(open_client),
            capacity=self.max_waiting,
            interval=self.send_interval,
            timeout=self.timeout,
        )
        return Reporter(sender, self.user_id, self.error_messages)


def url_or_default(url: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The given URL, else that of the environment, else the local API's."""
    return url or environment.get(URL_VARIABLE) or DEFAULT_URL


def key_or_default(key: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The given key, else that of the environment."""
    return key or environment.get(KEY_VARIABLE)
