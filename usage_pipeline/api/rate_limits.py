"""How often a caller may call. Counted in memory, so for each process of its own."""

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

    def check(self, name: str) -> None:
        """Count a request.

        Raises:
            ProblemError: there were too many.
        """
        if self._limiter.hit(self._limit, name):
            return
        raise ProblemError(
            429,
            f"More than {self._limit}: wait as Retry-After says.",
            {"Retry-After": str(self._limit.get_expiry())},
        )
