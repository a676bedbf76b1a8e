"""Popularity and reliability as of each day, against examples counted by hand."""

import pytest

from tests.oracle.examples import AS_OF, days_ago, ident, only, rows, run
from tests.oracle.reliability import wilson_bounds
from tests.oracle.tally import colour


def test_popular_is_the_last_7_days_with_the_as_of_day():
    row = only("popular_workflows", [run(0), run(6), run(7), run(13), run(14)], as_of_date=AS_OF)
    assert (row["total_executions"], row["previous_total_executions"]) == (2, 2)
    assert row["execution_change"] == 0


def test_executions_rank_before_users_and_users_before_the_id():
    runs = [run(workflow="many")] * 3 + [run(workflow="two users", user="bob")]
    runs += [run(workflow="two users"), run(workflow="one user"), run(workflow="one user")]
    ranks = {
        row["workflow_id"]: row["popularity_rank"]
        for row in rows("popular_workflows", runs, as_of_date=AS_OF)
    }
    assert ranks == {ident("many"): 1, ident("two users"): 2, ident("one user"): 3}


def test_workflows_alike_in_all_rank_by_id_and_share_no_rank():
    found = rows("popular_workflows", [run(workflow=name) for name in "abc"], as_of_date=AS_OF)
    in_order = sorted(found, key=lambda row: row["popularity_rank"])
    assert [row["popularity_rank"] for row in in_order] == [1, 2, 3]
    assert [row["workflow_id"] for row in in_order] == sorted(ident(name) for name in "abc")


def test_more_than_ten_workflows_are_popular():
    runs = [run(workflow=f"workflow {number}") for number in range(12)]
    assert len(rows("popular_workflows", runs, as_of_date=AS_OF)) == 12


def test_a_rank_won_is_a_positive_change_and_a_new_workflow_has_none():
    runs = [run(8, workflow="a"), run(8, workflow="b"), run(9, workflow="b")]
    runs += [run(0, workflow="a"), run(1, workflow="a"), run(0, workflow="new")]
    won = only("popular_workflows", runs, as_of_date=AS_OF, workflow_id="a")
    assert (won["previous_rank"], won["popularity_rank"], won["rank_change"]) == (2, 1, 1)
    new = only("popular_workflows", runs, as_of_date=AS_OF, workflow_id="new")
    assert (new["previous_rank"], new["rank_change"], new["execution_change"]) == (None, None, 1)


def test_a_workflow_is_popular_no_more_once_its_last_use_is_7_days_old():
    dates = {row["as_of_date"] for row in rows("popular_workflows", [run(10)])}
    assert dates == {days_ago(age) for age in range(4, 11)}


def test_machines_are_counted_beside_people():
    row = only("popular_workflows", [run(), run(trigger="scheduled"), run(trigger=None)])
    assert (row["people_execution_count"], row["machine_execution_count"]) == (2, 1)


def test_reliability_is_of_the_last_30_days():
    row = only("workflow_success_rates", [run(0), run(29), run(30)], as_of_date=AS_OF)
    assert row["sample_size"] == 2


def test_two_of_two_does_not_outrank_990_of_1000():
    assert wilson_bounds(2, 2)[0] < wilson_bounds(990, 1000)[0]


@pytest.mark.parametrize(
    ("successes", "sample", "lower", "upper"),
    [(2, 2, 0.342380, 1.0), (990, 1000, 0.981691, 0.994559), (0, 10, 0.0, 0.277533)],
)
def test_wilson_bounds_are_those_of_the_tables(successes, sample, lower, upper):
    assert wilson_bounds(successes, sample) == pytest.approx((lower, upper), abs=1e-6)


def test_with_nothing_finished_no_rate_and_no_bound_is_a_number():
    row = only("workflow_success_rates", [run(status="started"), run(status="cancelled")])
    names = ("success_rate", "failure_rate", "success_rate_lower", "success_rate_upper")
    assert {row[name] for name in names} == {None}
    assert (row["sample_size"], row["total_executions"], row["reliability"]) == (0, 2, "grey")


def test_the_failure_rate_is_of_finished_executions_too():
    runs = [run(), run(), run(), run(status="failed"), run(status="cancelled")]
    assert only("workflow_success_rates", runs)["failure_rate"] == 0.25


@pytest.mark.parametrize(
    ("successes", "sample", "expected"),
    [
        (4, 4, "grey"),
        (5, 5, "green"),
        (9, 10, "yellow"),
        (91, 100, "green"),
        (7, 10, "red"),
        (71, 100, "yellow"),
        (0, 5, "red"),
    ],
)
def test_colours_are_by_the_fraction_and_their_limits_belong_below(successes, sample, expected):
    assert colour(successes, sample) == expected
