"""The words and constants that Python, its SQL and dbt share, each written here alone.

Only data: statuses, triggers, and the numbers that two languages must agree on. Python's SQL takes
them as literals or parameters, dbt as the vars of `dbt_project.yml` (`DBT_VARS`; a test compares
them). The words that other systems use for these stand in `sources/conform/vocabulary.py`, and
settings that an operator may change beside the code that uses them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, get_args

Status = Literal["started", "completed", "failed", "cancelled"]
Trigger = Literal["manual", "scheduled", "api", "chained"]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)

# Which of two copies is further along, lowest first: an execution that ended never goes back to
# started, and between two ends that are otherwise equal the better one wins.
STATUS_RANK: Final[tuple[Status, ...]] = ("started", "cancelled", "failed", "completed")

# An execution is by people unless its trigger is a machine's: a missing trigger counts as people,
# because most systems name only what their own scheduler starts.
MACHINE_TRIGGERS: Final[tuple[Trigger, ...]] = ("scheduled", "chained")
PEOPLE_TRIGGERS: Final[tuple[Trigger, ...]] = tuple(
    trigger for trigger in TRIGGERS if trigger not in MACHINE_TRIGGERS
)

# Bucket b of the duration histogram holds [base^b, base^(b+1)) milliseconds, and bucket -1 holds 0:
# the middle of a bucket is within 1 % of all that it holds.
DURATION_BUCKET_BASE: Final = 1.02

# Clocks of sources and applications run ahead of ours by minutes; more is a wrong time.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)

# Two clocks differ by so much where one notes the start and another the end: such an execution took
# 0 ms. An end further before its start is a wrong time, and the execution has no duration.
END_SKEW: Final = timedelta(seconds=1)

# A day rebuilt within this window costs dbt no read of older history, but every day in it is read
# every night. The nightly look-back must stay inside.
FOLD_WINDOW_DAYS: Final = 14

# The windows that marts count and sentences name, in days that end with the as-of date. A week has
# each weekday once; reliability needs rare workflows too; a month is four whole weeks.
POPULAR_DAYS: Final = 7
RELIABILITY_DAYS: Final = 30
MONTH_DAYS: Final = 28

# The error class of a failure whose message says nothing, or is not there.
NO_ERROR_CLASS: Final = "(no message)"

DBT_VARS: Final[Mapping[str, object]] = {
    "people_triggers": list(PEOPLE_TRIGGERS),
    "duration_bucket_base": DURATION_BUCKET_BASE,
    "fold_window_days": FOLD_WINDOW_DAYS,
    "popular_days": POPULAR_DAYS,
    "reliability_days": RELIABILITY_DAYS,
    "month_days": MONTH_DAYS,
    "no_error_class": NO_ERROR_CLASS,
}
"""The vars of dbt: the same names and values under `vars` in `dbt_project.yml`."""
