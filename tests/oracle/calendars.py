"""Rules over one user's active days with one workflow: frequency, streaks, gaps.

An active day has an execution by people. Days come sorted and none is after the as-of day.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

ONE_DAY = timedelta(days=1)


def frequency(active_days: Sequence[date], as_of: date) -> str:
    """Daily, weekly, monthly or rare.

    Daily: active on at least half of the last 28 days, or of the days since first use where
    those are fewer. Weekly: in at least 3 of the 4 weeks of those 28 days. Monthly: in at least
    2 of the last 3 blocks of 28 days. Else rare. Weeks and blocks are counted back from the
    as-of day.
    """
    if not active_days:
        return "rare"
    window = min(28, (as_of - active_days[0]).days + 1)
    ages = [(as_of - day).days for day in active_days]
    recent = [age for age in ages if age < window]
    if recent and 2 * len(recent) >= window:
        return "daily"
    if len({age // 7 for age in ages if age < 4 * 7}) >= 3:
        return "weekly"
    if len({age // 28 for age in ages if age < 3 * 28}) >= 2:
        return "monthly"
    return "rare"


def current_streak(active_days: Sequence[date], as_of: date) -> int:
    """The length of the run of active days that ends with the as-of day; else 0."""
    active, length = set(active_days), 0
    while as_of - length * ONE_DAY in active:
        length += 1
    return length


def longest_streak(active_days: Sequence[date]) -> int:
    """The length of the longest run of active days."""
    active, longest = set(active_days), 0
    for day in active_days:
        if day - ONE_DAY not in active:
            length = 1
            while day + length * ONE_DAY in active:
                length += 1
            longest = max(longest, length)
    return longest


def gaps(active_days: Sequence[date]) -> list[int]:
    """Days between one active day and the next."""
    return [(after - before).days for before, after in pairwise(active_days)]
