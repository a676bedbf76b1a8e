"""What became of the reports: the counts a caller can read, and the log line about trouble."""

import logging
from dataclasses import dataclass
from typing import Final

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
        # What is still on its way at the end is lost for all we know.
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
