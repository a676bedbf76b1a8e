"""What the oracle says of users: stats, frequency, abandonment, weeks. Examples by hand."""

from datetime import date

import pytest

from tests.oracle.abandoned import threshold_days
from tests.oracle.calendars import current_streak, frequency, longest_streak
from tests.oracle.examples import AS_OF, days_ago, only, rows, run


def days(*ages):
    return sorted(days_ago(age) for age in ages)


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        (range(0, 28, 2), "daily"),
        ([*range(0, 26, 2), 60], "weekly"),
        ([0], "daily"),
        ([1], "daily"),
        ([2], "rare"),
        ([0, 1, 5], "daily"),
        ([0, 6], "rare"),
        ([0, 7, 14], "weekly"),
        ([0, 7, 14, 40], "weekly"),
        ([0, 6, 7, 40], "monthly"),
        ([0, 28], "monthly"),
        ([0, 27, 84], "rare"),
        ([56, 83], "rare"),
        ([55, 83], "monthly"),
        ([90, 120], "rare"),
        ([], "rare"),
    ],
)
def test_frequency_counts_back_from_the_as_of_day(ages, expected):
    assert frequency(days(*ages), AS_OF) == expected


def test_scheduled_runs_make_nobody_a_daily_user():
    row = only("user_workflow_stats", [run(age, trigger="scheduled") for age in range(28)])
    assert (row["frequency"], row["active_days"], row["total_executions"]) == ("rare", 0, 28)
    assert (row["current_streak_days"], row["longest_streak_days"]) == (0, 0)


def test_streaks_are_runs_of_days_and_the_current_one_ends_today():
    assert current_streak(days(0, 1, 2, 4), AS_OF) == 3
    assert current_streak(days(1, 2, 3), AS_OF) == 0
    assert longest_streak(days(0, 1, 5, 6, 7)) == 3


def test_last_used_is_by_any_trigger():
    row = only("user_workflow_stats", [run(5), run(1, trigger="scheduled")])
    assert (row["first_used_date"], row["last_used_date"]) == (days_ago(5), days_ago(1))
    assert row["last_used_at"].date() == days_ago(1)


def test_a_trend_is_against_the_28_days_before_and_null_without_any():
    row = only("user_workflow_stats", [run(27), run(28), run(55), run(56)])
    assert (row["executions_last_28_days"], row["executions_previous_28_days"]) == (1, 2)
    assert row["execution_trend"] == -0.5
    assert only("user_workflow_stats", [run(0)])["execution_trend"] is None


def test_percentiles_are_the_middle_of_the_bucket_that_reaches_the_share():
    runs = [run(seconds=0.001)] * 19 + [run(seconds=1)]
    row = only("workflow_duration_percentiles", runs)
    assert row["p50_duration_ms"] == row["p95_duration_ms"] == 1.02**0.5
    row = only("workflow_duration_percentiles", [*runs, run(seconds=1)])
    assert row["p95_duration_ms"] == 1.02**348.5


def test_percentiles_are_of_the_last_30_days_and_of_workflows_with_a_duration():
    assert rows("workflow_duration_percentiles", [run(30, seconds=1), run(0)]) == []
    runs = [run(29, seconds=1), run(30, seconds=1)]
    assert only("workflow_duration_percentiles", runs)["duration_count"] == 1


def crowd(count, age):
    return [run(age, user=f"user {number}") for number in range(count)]


def test_a_workflow_is_abandoned_by_more_than_five_users():
    assert rows("abandoned_workflows", crowd(5, 30)) == []
    assert only("abandoned_workflows", crowd(6, 30))["users_who_abandoned"] == 6


def test_use_29_days_ago_is_not_more_than_30_days_ago():
    assert rows("abandoned_workflows", crowd(6, 29)) == []


def test_a_workflow_used_by_anyone_in_the_last_7_days_is_not_abandoned():
    assert rows("abandoned_workflows", [*crowd(6, 40), run(6, user="new")]) == []
    row = only("abandoned_workflows", [*crowd(6, 40), run(7, user="new")])
    assert (row["users_who_abandoned"], row["last_used_date"]) == (6, days_ago(7))


def test_tries_are_executions_of_a_user_and_not_of_a_day():
    runs = [*crowd(6, 40), *crowd(6, 41), *[run(20, user="user 0")] * 6]
    row = only("abandoned_workflows", runs)
    assert row["avg_tries_before_abandon"] == 3.0
    assert row["median_tries_before_abandon"] == 2.0


def test_other_workflows_in_use_hide_no_abandoned_one():
    runs = [*crowd(6, 40), *[run(0, workflow="other", user=f"user {n}") for n in range(6)]]
    assert only("abandoned_workflows", runs)["users_who_abandoned"] == 6


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([0, 50, 100], 30),
        ([0, 1, 2, 3], 30),
        ([0, 11, 22, 33], 33),
        ([0, 10, 21, 32, 42], 32),
        ([0, 50, 100, 150], 120),
    ],
)
def test_a_threshold_is_three_median_gaps_within_limits(ages, expected):
    assert threshold_days(days(*ages)) == expected


def test_a_user_abandons_on_the_day_the_threshold_is_reached():
    assert rows("user_abandoned_workflows", [run(29), run(29)]) == []
    row = only("user_abandoned_workflows", [run(30), run(30)])
    assert (row["abandoned_date"], row["active_days"]) == (AS_OF, 1)
    assert row["median_gap_days"] is None


def test_one_try_is_not_use_and_scheduled_runs_are_none():
    assert rows("user_abandoned_workflows", [run(40)]) == []
    assert rows("user_abandoned_workflows", [run(40), run(39, trigger="scheduled")]) == []
    kept_running = [run(40), run(40), run(0, trigger="scheduled")]
    assert only("user_abandoned_workflows", kept_running)["last_active_date"] == days_ago(40)


def test_a_slow_rhythm_has_a_long_threshold():
    slow = [run(38 + 13 * number) for number in range(4)]
    assert rows("user_abandoned_workflows", slow) == []
    row = only("user_abandoned_workflows", [run(39 + 13 * number) for number in range(4)])
    assert (row["threshold_days"], row["median_gap_days"]) == (39, 13.0)


@pytest.mark.parametrize(("other_age", "left"), [(29, False), (30, True)])
def test_who_used_any_workflow_in_the_last_30_days_has_not_left_altogether(other_age, left):
    runs = [run(40), run(40), run(other_age, workflow="other")]
    assert only("user_abandoned_workflows", runs)["has_left_altogether"] is left


def test_a_scheduled_run_keeps_nobody_here():
    runs = [run(40), run(40), run(0, workflow="other", trigger="scheduled")]
    assert only("user_abandoned_workflows", runs)["has_left_altogether"] is True


@pytest.mark.parametrize("status", ["failed", "completed", "cancelled", "started"])
def test_whether_the_last_run_by_the_user_failed_is_told(status):
    runs = [run(41, status="failed"), run(40, status=status)]
    runs.append(run(39, status="failed", trigger="scheduled"))
    assert only("user_abandoned_workflows", runs)["last_run_failed"] is (status == "failed")


WEDNESDAY_STATES = ("active", "new", "returning", "resurrected", "dormant", "newly_dormant")


def week(executions, monday):
    row = only("workflow_lifecycle", executions, week_start_date=monday)
    return tuple(row[f"{state}_users"] for state in WEDNESDAY_STATES)


def test_weeks_begin_on_monday_and_users_are_in_one_state():
    runs = [run(30), run(23), run(9)]
    assert week(runs, date(2026, 2, 2)) == (1, 1, 0, 0, 0, 0)
    assert week(runs, date(2026, 2, 9)) == (1, 0, 1, 0, 0, 0)
    assert week(runs, date(2026, 2, 16)) == (0, 0, 0, 0, 1, 1)
    assert week(runs, date(2026, 2, 23)) == (1, 0, 0, 1, 0, 0)
    assert week(runs, date(2026, 3, 2)) == (0, 0, 0, 0, 1, 1)


def test_dormant_is_everyone_since_the_first_week_and_newly_dormant_only_last_weeks_users():
    runs = [run(30, user="ann"), run(23, user="bob")]
    assert week(runs, date(2026, 2, 16)) == (0, 0, 0, 0, 2, 1)
    assert week(runs, date(2026, 2, 23)) == (0, 0, 0, 0, 2, 0)


def test_only_the_week_of_the_as_of_day_is_incomplete():
    complete = [row["is_complete_week"] for row in rows("workflow_lifecycle", [run(30)])]
    assert complete == [True, True, True, True, False]


def test_sunday_and_monday_are_in_two_weeks():
    assert [row["week_start_date"] for row in rows("workflow_lifecycle", [run(3), run(2)])] == [
        date(2026, 2, 23),
        date(2026, 3, 2),
    ]


def test_scheduled_runs_have_no_lifecycle():
    assert rows("workflow_lifecycle", [run(trigger="scheduled")]) == []
