"""How often a caller may call. Counted in memory, so for each process of its own."""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from usage_pipeline.api.errors import ProblemError


class RateLimits:
    """Counts requests by caller."""

    def __init__(self, limit: str) -> None:
        """Allow so many, such as 100/second."""
        self._limit: RateLimitItem = parse(limit)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def is_reached(self, name: str) -> bool:
        """Whether no further request may come; counts none."""
        return not self._limiter.test(self._limit, name)

    def check(self, name: str) -> None:
        """Count a request.

        Raises:
            ProblemError: there were too many.
        """
        if self._limiter.hit(self._limit, name):
            return
        free_again = self._limiter.get_window_stats(self._limit, name).reset_time
        seconds = max(1, math.ceil(free_again - time.time()))
        raise ProblemError(
            429,
            f"More than {self._limit}: wait as Retry-After says.",
            {"Retry-After": str(seconds)},
        )
