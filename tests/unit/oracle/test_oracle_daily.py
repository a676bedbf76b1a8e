"""The daily marts of the oracle against examples counted by hand."""

from datetime import time
from decimal import Decimal

import pytest

from tests.oracle.examples import days_ago, only, rows, run
from tests.oracle.tally import bucket_of


def test_executions_are_success_and_failure_and_cancelled_and_open():
    row = only(
        "user_workflow_usage",
        [
            run(status=status)
            for status in ("completed", "failed", "failed", "cancelled", "started")
        ],
    )
    assert (row["execution_count"], row["success_count"], row["failure_count"]) == (5, 1, 2)
    assert (row["cancelled_count"], row["open_count"]) == (1, 1)


def test_a_duration_of_a_day_and_a_second_is_not_one_second():
    row = only("user_workflow_usage", [run(seconds=86_401)])
    assert row["total_duration_ms"] == 86_401_000


def test_each_duration_loses_its_part_of_a_millisecond_and_the_sum_its_part_of_a_second():
    row = only("user_workflow_usage", [run(seconds=0.6009), run(seconds=0.6009)])
    assert (row["total_duration_ms"], row["total_duration_seconds"]) == (1200, 1)


def test_an_average_duration_is_by_executions_that_have_one():
    row = only("workflow_daily_usage", [run(seconds=1), run(seconds=2), run(), run()])
    assert (row["duration_count"], row["avg_duration_ms"]) == (2, 1500.0)


def test_an_average_duration_keeps_what_whole_seconds_would_drop():
    row = only("workflow_daily_usage", [run(seconds=1), run(seconds=1), run(seconds=0.5)])
    assert row["avg_duration_ms"] == pytest.approx(2500 / 3)


def test_a_failed_and_an_open_execution_with_an_end_have_a_duration():
    row = only(
        "user_workflow_usage",
        [run(status="failed", seconds=1), run(status="started", seconds=1)],
    )
    assert row["duration_count"] == 2


def test_a_rate_over_users_is_of_sums_and_no_average_of_averages():
    ann = [run(user="ann", status="failed")]
    bob = [run(user="bob") for _ in range(9)]
    assert only("workflow_daily_usage", ann + bob)["success_rate"] == 0.9


def test_a_rate_divides_by_finished_executions_only():
    row = only(
        "workflow_daily_usage",
        [run(), run(status="failed"), run(status="cancelled"), run(status="started")],
    )
    assert row["success_rate"] == 0.5


@pytest.mark.parametrize("status", ["cancelled", "started"])
def test_a_rate_with_nothing_finished_is_null_and_not_zero(status):
    assert only("workflow_daily_usage", [run(status=status)])["success_rate"] is None


def test_a_cost_is_null_where_none_is_known_and_zero_where_it_is_zero():
    assert only("user_workflow_usage", [run()])["total_cost"] is None
    assert only("user_workflow_usage", [run(), run(cost="0")])["total_cost"] == Decimal(0)
    assert only("user_workflow_usage", [run(cost="0.1")] * 3)["total_cost"] == Decimal("0.3")


def test_an_execution_without_a_trigger_is_by_people():
    runs = [run(trigger=trigger) for trigger in (None, "manual", "api", "scheduled", "chained")]
    assert only("user_workflow_usage", runs)["people_execution_count"] == 3


def test_the_last_run_by_people_failed_when_any_of_that_instant_did():
    runs = [
        run(at=time(9), status="completed"),
        run(at=time(10), status="completed"),
        run(at=time(10), status="failed"),
        run(at=time(11), status="completed", trigger="scheduled"),
    ]
    row = only("user_workflow_usage", runs)
    assert row["last_people_started_at"].hour == 10
    assert row["last_people_failed"] is True
    assert row["last_started_at"].hour == 11


def test_without_people_the_last_run_by_people_is_unknown():
    row = only("user_workflow_usage", [run(trigger="chained")])
    assert (row["last_people_started_at"], row["last_people_failed"]) == (None, None)


def test_an_execution_counts_on_the_day_on_which_it_starts():
    late = run(1, at=time(23, 59, 59, 999_999), seconds=7200)
    assert only("user_workflow_usage", [late])["execution_date"] == days_ago(1)


@pytest.mark.parametrize(
    ("duration_ms", "bucket"),
    [(1, 0), (2, 35), (10, 116), (11, 121), (1000, 348), (86_400_000, 922)],
)
def test_a_bucket_is_the_whole_part_of_the_logarithm_to_the_base_1_02(duration_ms, bucket):
    assert bucket_of(duration_ms) == bucket
    assert 1.02**bucket <= duration_ms < 1.02 ** (bucket + 1)


def test_0_ms_have_a_bucket_of_their_own():
    assert bucket_of(0) == -1


def test_a_histogram_counts_executions_with_a_duration_only():
    found = rows("user_workflow_durations", [run(seconds=0), run(seconds=0.001), run()])
    assert {row["duration_bucket"]: row["duration_count"] for row in found} == {-1: 1, 0: 1}
