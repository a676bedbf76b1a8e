"""The background thread that sends reports in batches. Nothing here raises into the caller.

A thread, for asynchronous programs too: it outlives event loops, and handing a report over is a
few microseconds under a lock in either world. It starts with the first report, in each process
anew, and ends when there was nothing to do for a minute.
"""

import logging
import math
import threading
import time
from collections.abc import Sequence
from typing import Final

from usage_pipeline.client.delivery import (
    MOST_BYTES,
    MOST_ITEMS,
    Counts,
    Delivery,
    Outcome,
    Retry,
    Taken,
    TrackingStats,
    TroubleLog,
    backoff_seconds,
)
from usage_pipeline.client.lifetime import close_at_exit, close_in_worker, survive_forks
from usage_pipeline.client.reports import Report, Waiting, in_parts

_log = logging.getLogger("usage_pipeline.client")
_IDLE_SECONDS: Final = 60.0
# Answers like 500 may be about the items themselves; these must not hold up all others for ever.
_FEW_ATTEMPTS: Final = 5


class Sender:
    """Takes reports at once and sends them later."""

    def __init__(
        self, delivery: Delivery, *, capacity: int, interval: float, timeout: float
    ) -> None:
        """Send through `delivery`.

        Args:
            delivery: posts one batch.
            capacity: how many executions may wait (see `Waiting`).
            interval: how many seconds a batch is gathered, unless it is full before.
            timeout: how many seconds one request may take.
        """
        self._delivery = delivery
        self._capacity = capacity
        self._interval = interval
        self._timeout = timeout
        self._deadline: float | None = None
        self._start_afresh()
        survive_forks(self)
        close_at_exit(self)

    def _start_afresh(self) -> None:
        # Reentrant: a signal handler or a finalizer may report while this thread holds it.
        lock = threading.RLock()
        self._lock = lock
        self._work = threading.Condition(lock)
        self._done = threading.Condition(lock)
        self._waiting = Waiting(self._capacity)
        self._counts = Counts()
        self._trouble = TroubleLog()
        self._taken = 0
        self._on_their_way = 0
        self._flushing = 0
        self._thread: threading.Thread | None = None

    def after_fork(self) -> None:
        """Start with an empty queue; a client closed in the parent stays closed."""
        self._delivery.forget()
        self._start_afresh()

    # The caller's side.

    def put(self, report: Report, *, taken_before: bool = False) -> bool:
        """Hand over a report; returns whether it was taken."""
        with self._lock:
            self._counts.reported += 1
            if self._deadline is not None:
                self._drop_at_once("the client is closed")
                return False
            taken = self._waiting.add(report, taken_before=taken_before)
            if taken is None:
                self._counts.merged += 1
                return True
            if not taken:
                self._drop_at_once("the queue was full")
                return False
            self._taken += 1
            if self._thread is None:
                self._start_thread()
            elif len(self._waiting) in (1, MOST_ITEMS):
                self._work.notify()
            return True

    def _drop_at_once(self, reason: str) -> None:
        self._counts.dropped += 1
        # Why the queue is full tells more than that it is.
        self._counts.last_error = self._counts.last_error or reason

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="usage-pipeline-tracking", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # No thread can start while the interpreter ends or at the system's limit. The next
            # report tries again, and closing sends what is left by itself.
            self._counts.last_error = str(error)
            return
        self._thread = thread
        close_in_worker()

    def reject(self, reason: str) -> None:
        """Count a report that could not even be made."""
        with self._lock:
            self._counts.reported += 1
            self._counts.rejected += 1
            self._counts.last_error = reason
            stats = self.stats
        self._trouble.consider(stats, time.monotonic())

    @property
    def stats(self) -> TrackingStats:
        """The counts now."""
        with self._lock:
            return self._counts.snapshot(len(self._waiting) + self._on_their_way)

    def flush(self, timeout: float) -> bool:
        """Wait until everything handed over so far is settled; returns whether it is."""
        with self._lock:
            target = self._taken
            if self._thread is None and len(self._waiting):
                self._start_thread()
            self._flushing += 1
            self._work.notify()
            try:
                return self._done.wait_for(lambda: self._settled >= target, timeout)
            finally:
                self._flushing -= 1

    @property
    def _settled(self) -> int:
        return self._taken - len(self._waiting) - self._on_their_way

    def close(self, timeout: float) -> None:
        """Take nothing more, send what waits for at most `timeout` seconds, drop the rest."""
        self.start_closing(time.monotonic() + timeout)
        self.finish_closing()

    def start_closing(self, deadline: float) -> None:
        """Take nothing more, and be done by `deadline` (monotonic)."""
        with self._lock:
            if self._deadline is None:
                self._deadline = deadline
            self._work.notify()

    def finish_closing(self) -> None:
        """Wait until everything is settled or the deadline of closing is there."""
        with self._lock:
            thread = self._thread
        if thread is None:
            # It never started or ended idly, so nobody else sends: this thread does.
            self._run()
        elif thread is not threading.current_thread():
            thread.join(max(self._seconds_to_deadline(), 0.0) + 0.1)
        with self._lock:
            lost = self._waiting.clear()
            self._counts.dropped += lost
            if lost:
                self._counts.last_error = self._counts.last_error or "the client was closed"
            self._done.notify_all()
            stats = self.stats
            if not self._on_their_way:
                self._delivery.close()
        self._trouble.conclude(stats)

    # The thread's side.

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                self._send(batch)
            except Exception as error:
                # A mistake of ours must cost one batch at most, and no thread.
                _log.debug("Sending a batch failed.", exc_info=True)
                self._settle(dropped=self._on_their_way, reason=repr(error))
            self._trouble.consider(self.stats, time.monotonic())

    def _next_batch(self) -> list[Report] | None:
        """Wait for reports; None when the thread should end."""
        with self._lock:
            self._work.wait_for(
                lambda: len(self._waiting) or self._deadline is not None, _IDLE_SECONDS
            )
            if not len(self._waiting):
                self._thread = None
                return None
            self._work.wait_for(self._has_hurry, self._interval)
            batch = self._waiting.take(MOST_ITEMS)
            self._on_their_way = len(batch)
            return batch

    def _has_hurry(self) -> bool:
        full = len(self._waiting) >= MOST_ITEMS
        return full or self._flushing > 0 or self._deadline is not None

    def _send(self, batch: Sequence[Report]) -> None:
        parts, unsendable = in_parts(batch, MOST_BYTES)
        if unsendable:
            self._settle(rejected=len(unsendable), reason=unsendable[0])
        while parts:
            items = parts.pop(0)
            outcome = self._deliver(items)
            if isinstance(outcome, Taken):
                self._settle(outcome.accepted, outcome.rejected, reason=outcome.reason)
            elif isinstance(outcome, Retry):
                self._settle(dropped=len(items), reason=outcome.reason)
            elif outcome.too_large and len(items) > 1:
                half = len(items) // 2
                parts[:0] = [items[:half], items[half:]]
            else:
                self._settle(rejected=len(items), reason=outcome.reason)

    def _settle(
        self, accepted: int = 0, rejected: int = 0, dropped: int = 0, *, reason: str | None
    ) -> None:
        with self._lock:
            self._counts.accepted += accepted
            self._counts.rejected += rejected
            self._counts.dropped += dropped
            self._counts.last_error = reason or self._counts.last_error
            self._on_their_way -= accepted + rejected + dropped
            self._done.notify_all()

    def _deliver(self, items: Sequence[bytes]) -> Outcome:
        """Send a part until there is an answer, or no sense in going on."""
        attempt = 0
        while True:
            seconds = min(self._timeout, self._seconds_to_deadline())
            if seconds <= 0:
                return Retry(self._counts.last_error or "the client was closed")
            outcome = self._delivery.post(items, seconds)
            if not isinstance(outcome, Retry):
                return outcome
            attempt += 1
            with self._lock:
                self._counts.last_error = outcome.reason
            self._trouble.consider(self.stats, time.monotonic(), failures=attempt)
            if outcome.a_few_times and attempt >= _FEW_ATTEMPTS:
                return outcome
            pause = max(backoff_seconds(attempt), outcome.after_seconds or 0.0)
            if not self._pause(pause, asked=outcome.after_seconds is not None):
                return outcome
            with self._lock:
                self._counts.retries += 1

    def _pause(self, seconds: float, *, asked: bool) -> bool:
        """Wait; returns whether to try again afterwards."""
        until = time.monotonic() + seconds
        with self._lock:
            if self._deadline is None:
                closed = self._work.wait_for(lambda: self._deadline is not None, seconds)
                if not closed or not asked:
                    # Closing ends a back-off with one last try, but not what the server asked for.
                    return True
        left = until - time.monotonic()
        if left >= self._seconds_to_deadline():
            return False
        time.sleep(max(left, 0.0))
        return True

    def _seconds_to_deadline(self) -> float:
        return math.inf if self._deadline is None else self._deadline - time.monotonic()
