"""What `sqlfluff lint` sees in place of the project's macros and of dbt's own.

Each stub writes SQL of the shape its macro writes, so that models can be linted without dbt and
without a database. Stubs compute nothing: what a macro means is in macros/.
"""

# A stub takes what its macro takes, used or not, and what it writes runs nowhere.
# ruff: noqa: ARG001, S608

from pathlib import Path
from typing import NamedTuple

import yaml

_VARS = yaml.safe_load((Path(__file__).parents[1] / "dbt_project.yml").read_text())["vars"]


class Days(NamedTuple):
    """Stands in for the days of a run."""

    first: str = "2026-01-01"
    last: str = "2026-01-31"
    as_of: str = "2026-01-31"


class dbt:  # noqa: N801 - models write dbt.type_bigint()
    """Stands in for dbt's cross-database macros."""

    @staticmethod
    def type_bigint() -> str:
        """A type name."""
        return "bigint"

    @staticmethod
    def type_float() -> str:
        """A type name."""
        return "double precision"

    @staticmethod
    def type_string() -> str:
        """A type name."""
        return "text"


def var(name: str) -> object:
    """The project's own value."""
    return _VARS[name]


def days_to_build() -> Days:
    """Stand in for the macro."""
    return Days()


changed_days = days_to_build


def as_of_dates_to_build(lookahead_days: int) -> Days:
    """Stand in for the macro."""
    return Days()


def first_week_to_build() -> str:
    """Stand in for the macro."""
    return "2026-01-05"


def last_closed_day(as_of: str) -> str:
    """Stand in for the macro."""
    return "2026-01-17"


def latest_day(relation: object, column: str) -> str:
    """Stand in for the macro."""
    return "2026-01-30"


def built_as_of() -> str:
    """Stand in for the macro."""
    return "2026-01-30"


def days_crossing_windows(built_as_of: str, as_of: str) -> list[tuple[str, str]]:
    """Stand in for the macro."""
    return [(built_as_of, as_of)]


def ledger_days() -> Days:
    """Stand in for the macro."""
    return Days()


def shift_day(day: str, days: int) -> str:
    """Stand in for the macro."""
    return day


def monday_of(day: str) -> str:
    """Stand in for the macro."""
    return day


def date_literal(day: str) -> str:
    """Stand in for the macro."""
    return f"cast('{day}' as date)"


def add_days(date_column: str, days: object) -> str:
    """Stand in for the macro."""
    return f"cast({date_column} + interval '1 day' as date)"


def days_between(earlier: str, later: str) -> str:
    """Stand in for the macro."""
    return f"({later} - {earlier})"


def week_start(date_column: str) -> str:
    """Stand in for the macro."""
    return f"cast({date_column} as date)"


def month_start(date_column: str) -> str:
    """Stand in for the macro."""
    return f"cast({date_column} as date)"


def weekday(date_column: str) -> str:
    """Stand in for the macro."""
    return f"cast({date_column} as integer)"


def date_spine(first: str, last: str, step: int = 1) -> str:
    """Stand in for the macro."""
    return f"select {date_literal(first)} as spine_date"


def is_by_people(trigger_type: str) -> str:
    """Stand in for the macro."""
    return f"coalesce({trigger_type} in ('manual', 'api'), true)"


def duration_ms(started_at: str, ended_at: str) -> str:
    """Stand in for the macro."""
    return f"cast({ended_at} as bigint)"


def duration_bucket(milliseconds: str) -> str:
    """Stand in for the macro."""
    return f"cast({milliseconds} as smallint)"


def percentile_from_histogram(share: str, bucket: str, cumulative: str, total: str) -> str:
    """Stand in for the macro."""
    return f"min({bucket})"


def ratio(numerator: str, denominator: str) -> str:
    """Stand in for the macro."""
    return f"cast({numerator} as double precision) / nullif({denominator}, 0)"


def reliability(success_rate: str, sample_size: str) -> str:
    """Stand in for the macro."""
    return f"cast({success_rate} as varchar(10))"


def wilson_bound(successes: str, trials: str, sign: str) -> str:
    """Stand in for the macro."""
    return f"sqrt({trials})"


def median(column: str) -> str:
    """Stand in for the macro."""
    return f"avg({column})"


def trailing_users(usage: str, window_days: int, first: str, last: str) -> str:
    """Stand in for the macro."""
    return f"select workflow_id, execution_date as as_of_date, 1 as unique_users from {usage}"


def trailing_sums(daily_usage: str, days: str, window_days: int, columns: list[str]) -> str:
    """Stand in for the macro."""
    sums = ", ".join(f"sum({column}) as {column}" for column in columns)
    return f"select as_of_date, workflow_id, {sums} from {days} cross join {daily_usage}"


def active_blocks(count: int, length: int) -> str:
    """Stand in for the macro."""
    return "max(active_days)"


def fold_states(states: str) -> str:
    """Stand in for the macro."""
    return f"select * from {states}"


def empty_state(pairs: str) -> str:
    """Stand in for the macro."""
    return f"{pairs}.*"


def within_changed_days(day_column: str) -> str:
    """Stand in for the macro."""
    return f"{day_column} = cast('2026-01-31' as date)"


def elements_of(relation: str, key: str, list: str) -> str:  # noqa: A002 - the macro's own name
    """Stand in for the macro."""
    return f"select held.{key}, 1 as place, held.{list} as element from {relation} as held"


def list_in_order(value: str, place: str) -> str:
    """Stand in for the macro."""
    return f"array_agg({value} order by {place})"


def sum_where_known(column: str, type_name: str) -> str:
    """Stand in for the macro."""
    return f"cast(sum({column}) as {type_name})"


def zero_if_loaded(count: str, is_loaded: str) -> str:
    """Stand in for the macro."""
    return f"coalesce({count}, case when {is_loaded} then 0 end)"


def names_in_order(workflow_ids: str) -> str:
    """Stand in for the macro."""
    return f"array_to_string({workflow_ids}, ' ')"
