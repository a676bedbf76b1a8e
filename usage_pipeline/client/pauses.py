"""How long to wait before a request is repeated. No clock of its own, no sleeping."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
# A server that asks for more is taken to mean this: tracking must come back some day.
LONGEST_ASKED_SECONDS = 300.0


def backoff_seconds(attempt: int) -> float:
    """The pause after failed attempt 1, 2, ...: doubled each time, and half of it by chance.

    Chance keeps many clients from coming back to a restarted server all at once.
    """
    # The exponent is bounded because 2.0**1024 is an error.
    full = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(max(attempt, 1) - 1, 16))
    return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds a `Retry-After` header asks for, as a number or as a date; None when unusable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # Not int(): a number of thousands of digits is an error there.
        return min(float(text), LONGEST_ASKED_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_ASKED_SECONDS)
