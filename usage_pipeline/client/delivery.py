"""One `POST /track` and what came of it. No waiting and no repeating: the sender decides."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from usage_pipeline.client.errors import describe
from usage_pipeline.client.pauses import retry_after_seconds

TRACK_PATH: Final = "/api/v1/workflow-usage/track"
MOST_ITEMS: Final = 1_000
MOST_BYTES: Final = 1_000_000
_MOST_ANSWER_BYTES: Final = 8_000_000

# The server is there and will take it later, so it is worth waiting for as long as it takes.
_BUSY: Final = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Taken:
    """The server answered for every item."""

    accepted: int
    rejected: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing is known to be taken; the same items may be sent again.

    Attributes:
        reason: why, for the log.
        after_seconds: how long the server asked to wait.
        hopeless_soon: repeating it for ever would help nobody.
    """

    reason: str
    after_seconds: float | None = None
    hopeless_soon: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take these items as they are."""

    reason: str
    too_large: bool = False


Outcome = Taken | Again | Refused


class Delivery:
    """Posts items over a connection of its own, which it opens when it is first needed."""

    def __init__(self, open_client: Callable[[], httpx.Client]) -> None:
        """Post through a client that `open_client` makes."""
        self._open_client = open_client
        self._client: httpx.Client | None = None

    def post(self, items: Sequence[bytes], timeout: float) -> Outcome:
        """Send encoded items, giving up after `timeout` seconds."""
        body = b'{"executions":[' + b",".join(items) + b"]}"
        try:
            response = self._answer(body, max(timeout, 0.05))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Again(f"{type(error).__name__}: {error}".removesuffix(": "))
        return _outcome(response, len(items))

    def _answer(self, body: bytes, timeout: float) -> httpx.Response:
        # httpx bounds each read, not their sum: a server that drips its answer would hold us.
        deadline = time.monotonic() + timeout
        if self._client is None:
            self._client = self._open_client()
        headers = {"Content-Type": "application/json"}
        with self._client.stream(
            "POST", TRACK_PATH, content=body, headers=headers, timeout=timeout
        ) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if time.monotonic() > deadline or len(content) > _MOST_ANSWER_BYTES:
                    raise httpx.ReadTimeout("the answer took too long or was too long")
        return httpx.Response(
            response.status_code, headers=_plain_headers(response), content=bytes(content)
        )

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def forget(self) -> None:
        """Drop the connection without a word to the server: after a fork it is the parent's."""
        self._client = None


def _plain_headers(response: httpx.Response) -> dict[str, str]:
    after = response.headers.get("Retry-After")
    return {} if after is None else {"Retry-After": after}


def _outcome(response: httpx.Response, count: int) -> Outcome:
    status = response.status_code
    if response.is_success:
        return _taken(response.content, count) or Again(
            f"an answer {status} that is not the tracking API's", hopeless_soon=True
        )
    title, detail = describe(response)
    reason = f"{status} {title}" + (f": {detail}" if detail else "")
    if status in _BUSY or status >= 500:
        after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        return Again(reason, after_seconds=after, hopeless_soon=status not in _BUSY)
    return Refused(reason, too_large=status == 413)


def _taken(content: bytes, count: int) -> Taken | None:
    try:
        answer = json.loads(content)
        rejected = min(max(int(answer["rejected"]), 0), count)
        reasons = (
            str(item.get("reason")) for item in answer["items"] if item["status"] == "rejected"
        )
        return Taken(count - rejected, rejected, next(reasons, None))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
