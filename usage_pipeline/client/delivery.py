"""One `POST /track`, what came of it and of all before it, and how long to wait before the next.

It neither waits nor repeats: the sender decides.
"""

import json
import logging
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


_log = logging.getLogger("usage_pipeline.client")
_WARNING_SECONDS: Final = 60.0
# Short outages, a restart say, are nobody's business.
_FAILURES_WORTH_A_LINE: Final = 4


@dataclass(frozen=True, slots=True)
class TrackingStats:
    """Counts since the client was made (or since the process was forked).

    `reported = accepted + rejected + dropped + merged + waiting`, always.

    Attributes:
        reported: states of executions that were handed in.
        accepted: taken by the API, which means committed.
        rejected: refused by the API, or impossible to write as JSON.
        dropped: left out because the queue was full, the client closed or the API kept failing.
        merged: joined with an earlier state of the same execution that was still waiting.
        waiting: in the queue or on their way.
        retries: requests that were repeated.
        last_error: the newest reason for a retry, a rejection or a drop.
    """

    reported: int
    accepted: int
    rejected: int
    dropped: int
    merged: int
    waiting: int
    retries: int
    last_error: str | None


@dataclass(slots=True)
class Counts:
    """The same counts while they change. Not thread-safe: the sender holds the lock."""

    reported: int = 0
    accepted: int = 0
    rejected: int = 0
    dropped: int = 0
    merged: int = 0
    retries: int = 0
    last_error: str | None = None

    def snapshot(self, waiting: int) -> TrackingStats:
        """The counts as a caller sees them."""
        return TrackingStats(
            reported=self.reported,
            accepted=self.accepted,
            rejected=self.rejected,
            dropped=self.dropped,
            merged=self.merged,
            waiting=waiting,
            retries=self.retries,
            last_error=self.last_error,
        )


class TroubleLog:
    """Logs lost reports and an API that keeps failing, at most once a minute."""

    def __init__(self) -> None:
        """Nothing was logged so far."""
        self._lost_before = 0
        self._next_at: float | None = None

    def consider(self, stats: TrackingStats, now: float, *, failures: int = 0) -> None:
        """Log when there is something new to tell and the last time is long enough ago.

        Args:
            stats: the counts now.
            now: a monotonic time in seconds.
            failures: how many requests have failed in a row.
        """
        if self._next_at is not None and now < self._next_at:
            return
        if stats.rejected + stats.dropped > self._lost_before:
            self._log_losses(stats, stats.rejected + stats.dropped)
        elif failures >= _FAILURES_WORTH_A_LINE:
            _log.warning(
                "The tracking API does not answer; %d reports wait. Last error: %s",
                stats.waiting,
                stats.last_error,
            )
        else:
            return
        self._next_at = now + _WARNING_SECONDS

    def conclude(self, stats: TrackingStats) -> None:
        """Log what was lost and not logged yet, whenever the last time was: nothing follows."""
        # Reports still on their way at the end may be lost, so they count as lost.
        lost = stats.rejected + stats.dropped + stats.waiting
        if lost > self._lost_before:
            self._log_losses(stats, lost)

    def _log_losses(self, stats: TrackingStats, lost: int) -> None:
        _log.warning(
            "%d tracking reports were lost (so far %d rejected, %d dropped, %d accepted). "
            "Last error: %s",
            lost - self._lost_before,
            stats.rejected,
            stats.dropped,
            stats.accepted,
            stats.last_error,
        )
        self._lost_before = lost
