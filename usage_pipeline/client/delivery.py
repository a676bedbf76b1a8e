"""One `POST /track`, what came of it, and how long to wait before the next attempt.

It neither waits nor repeats: the sender decides.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from usage_pipeline.client.errors import describe, retry_after_seconds
from usage_pipeline.client.requests import PREFIX

TRACK_PATH: Final = PREFIX + "/track"
FIRST_SECONDS = 0.5
LONGEST_SECONDS: Final = 30.0
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
class Retry:
    """The server may have taken nothing; the same items may be sent again.

    Attributes:
        reason: why, for the log.
        after_seconds: how long the server asked to wait.
        a_few_times: the items may be the cause, so repeating them for ever would help nobody.
    """

    reason: str
    after_seconds: float | None = None
    a_few_times: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take these items as they are."""

    reason: str
    too_large: bool = False


Outcome = Taken | Retry | Refused


def backoff_seconds(attempt: int) -> float:
    """The pause after failed attempt 1, 2, ...: doubled each time, and half of it by chance.

    Chance keeps many clients from coming back to a restarted server all at once.
    """
    # The exponent is bounded because 2.0**1024 is an error.
    full = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(max(attempt, 1) - 1, 16))
    return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret


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
            return Retry(f"{type(error).__name__}: {error}".removesuffix(": "))
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
        """Drop the connection without closing it: after a fork it is the parent's."""
        self._client = None


def _plain_headers(response: httpx.Response) -> dict[str, str]:
    after = response.headers.get("Retry-After")
    return {} if after is None else {"Retry-After": after}


def _outcome(response: httpx.Response, count: int) -> Outcome:
    status = response.status_code
    if response.is_success:
        return _taken(response.content, count) or Retry(
            f"an answer {status} that is not the tracking API's", a_few_times=True
        )
    title, detail = describe(response)
    reason = f"{status} {title}" + (f": {detail}" if detail else "")
    if status in _BUSY or status >= 500:
        after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        return Retry(reason, after_seconds=after, a_few_times=status not in _BUSY)
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
