"""Compares the rows of a mart with the oracle's and says readably where they differ.

Everything is compared exactly but floats, which may differ by 1e-12 of their value: two right
ways of dividing need not round alike.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = Mapping[str, Any]

KEYS: dict[str, tuple[str, ...]] = {
    "user_workflow_usage": ("user_id", "workflow_id", "execution_date"),
    "user_workflow_durations": ("user_id", "workflow_id", "execution_date", "duration_bucket"),
    "user_workflow_errors": ("user_id", "workflow_id", "execution_date", "error_class"),
    "workflow_daily_usage": ("workflow_id", "execution_date"),
    "organisation_daily_usage": ("execution_date",),
    "popular_workflows": ("as_of_date", "workflow_id"),
    "workflow_success_rates": ("as_of_date", "workflow_id"),
    "user_workflow_stats": ("user_id", "workflow_id"),
    "workflow_duration_percentiles": ("workflow_id",),
    "abandoned_workflows": ("workflow_id",),
    "user_abandoned_workflows": ("user_id", "workflow_id"),
    "workflow_lifecycle": ("workflow_id", "week_start_date"),
    "organisation_insights": ("insight_type", "subject_id"),
    "workflows": ("workflow_id",),
    "users": ("user_id",),
    "days": ("day",),
    "popular_workflows_current": ("workflow_id",),
    "workflow_success_rates_current": ("workflow_id",),
    "organisation_daily_usage_filled": ("execution_date",),
    "workflow_daily_usage_filled": ("workflow_id", "execution_date"),
    "warehouse_as_of": (),
}
SHOWN = 5
# What the oracle does not compute.
MINED = {"organisation_insights": sql.SQL("insight_type = 'automate_this'")}


def fetch(connection: psycopg.Connection, mart: str) -> list[dict[str, Any]]:
    """All rows of a mart but the mined ones."""
    with connection.cursor(row_factory=dict_row) as cursor:
        statement = sql.SQL("select * from {} where not ({})").format(
            sql.Identifier("marts", mart), MINED.get(mart, sql.SQL("false"))
        )
        return cursor.execute(statement).fetchall()


def differences(mart: str, actual: Sequence[Row], expected: Sequence[Row]) -> list[str]:
    """Every difference between the warehouse's rows and the oracle's, one line each.

    Args:
        mart: the mart's name, for its key.
        actual: the rows of the warehouse.
        expected: the rows of the oracle.
    """
    key = KEYS[mart]
    found = _columns(actual, expected)
    ours, others = _by_key(key, expected, "the oracle", found), _by_key(key, actual, mart, found)
    for value in sorted(ours.keys() - others.keys(), key=repr):
        found.append(f"missing from {mart}: {_shown(ours[value])}")
    for value in sorted(others.keys() - ours.keys(), key=repr):
        found.append(f"too much in {mart}: {_shown(others[value])}")
    for value in sorted(ours.keys() & others.keys(), key=repr):
        wrong = [
            f"{column} is {others[value][column]!r}, expected {expectation!r}"
            for column, expectation in ours[value].items()
            if column in others[value] and not same(others[value][column], expectation)
        ]
        if wrong:
            place = ", ".join(f"{name}={ours[value][name]}" for name in key)
            found.append(f"{mart} [{place}]: {'; '.join(wrong)}")
    return found


def same(actual: Any, expected: Any) -> bool:
    """Whether two values are equal: floats nearly, everything else exactly and of one type."""
    if isinstance(expected, float):
        return isinstance(actual, float) and math.isclose(
            actual, expected, rel_tol=1e-12, abs_tol=1e-12
        )
    if isinstance(actual, bool) is not isinstance(expected, bool) or isinstance(actual, float):
        return False
    return bool(actual == expected)


def assert_equal(mart: str, actual: Sequence[Row], expected: Sequence[Row]) -> None:
    """Fail with the first differences when a mart is not what the oracle computes."""
    found = differences(mart, actual, expected)
    if found:
        lines = "\n  ".join(found[:SHOWN])
        raise AssertionError(
            f"{mart}: {len(actual)} rows, the oracle has {len(expected)}; "
            f"{len(found)} differences, the first of them:\n  {lines}"
        )


def assert_marts_equal(
    connection: psycopg.Connection, expected: Mapping[str, Sequence[Row]]
) -> None:
    """Compare every mart and report on all that differ."""
    reports = []
    for mart, rows in expected.items():
        try:
            assert_equal(mart, fetch(connection, mart), rows)
        except AssertionError as report:
            reports.append(str(report))
    assert not reports, "\n".join(reports)


def _by_key(
    key: tuple[str, ...], rows: Sequence[Row], side: str, found: list[str]
) -> dict[tuple[Any, ...], Row]:
    index: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        value = tuple(row[name] for name in key)
        if value in index:
            found.append(f"{side} has two rows with one key: {_shown(row)}")
        index[value] = row
    return index


def _columns(actual: Sequence[Row], expected: Sequence[Row]) -> list[str]:
    if not actual or not expected or set(actual[0]) == set(expected[0]):
        return []
    missing, extra = set(expected[0]) - set(actual[0]), set(actual[0]) - set(expected[0])
    return [f"columns missing: {sorted(missing)}, columns too many: {sorted(extra)}"]


def _shown(row: Row) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())
