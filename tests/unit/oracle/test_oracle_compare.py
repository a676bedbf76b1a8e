"""The comparison itself: it must find what differs."""

from decimal import Decimal

import pytest

from tests.oracle import marts
from tests.oracle.compare import KEYS, assert_equal, differences, same
from tests.oracle.everything import MARTS
from tests.oracle.strategies import AS_OF_DAY, many_worlds, together

MART = "workflow_duration_percentiles"
ROW = {"workflow_id": 1, "duration_count": 3, "p50_duration_ms": 0.1}


def test_every_mart_has_a_key_and_a_computation():
    assert KEYS.keys() == MARTS.keys()


def test_equal_rows_in_any_order_do_not_differ():
    other = {**ROW, "workflow_id": 2}
    assert differences(MART, [ROW, other], [other, dict(ROW)]) == []


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        ([], "missing"),
        ([ROW, {**ROW, "workflow_id": 2}], "too much"),
        ([ROW, ROW], "two rows with one key"),
        ([{**ROW, "duration_count": 4}], "duration_count is 4, expected 3"),
        ([{**ROW, "extra": 4}], "extra"),
        ([{"workflow_id": 1, "duration_count": 3}], "p50_duration_ms"),
    ],
)
def test_a_difference_is_found_and_named(actual, said):
    with pytest.raises(AssertionError, match=said):
        assert_equal(MART, actual, [ROW])


@pytest.mark.parametrize(
    ("actual", "expected", "equal"),
    [
        (0.1 + 0.2, 0.3, True),
        (0.3 + 1e-9, 0.3, False),
        (None, 0.0, False),
        (0.0, None, False),
        (1, True, False),
        (1.0, 1, False),
        (Decimal("0.10"), Decimal("0.1"), True),
        (Decimal("0.1"), 0.1, False),
        (None, None, True),
    ],
)
def test_floats_may_differ_by_rounding_and_nothing_else_may(actual, expected, equal):
    assert same(actual, expected) is equal


def test_keys_are_unique_in_every_mart_of_random_worlds():
    world = together(many_worlds(40, 0))
    found = marts(world.executions, world.names, world.users, world.ledger_days, AS_OF_DAY)
    for mart, rows in found.items():
        assert len({tuple(row[name] for name in KEYS[mart]) for row in rows}) == len(rows)


@pytest.mark.long
def test_random_worlds_reach_the_rules_they_were_made_for():
    world = together(many_worlds(400, 1))
    found = marts(world.executions, world.names, world.users, world.ledger_days, AS_OF_DAY)
    assert {row["frequency"] for row in found["user_workflow_stats"]} == {
        "daily", "weekly", "monthly", "rare",
    }  # fmt: skip
    assert {row["reliability"] for row in found["workflow_success_rates"]} == {
        "green", "yellow", "red", "grey",
    }  # fmt: skip
    assert len({row["threshold_days"] for row in found["user_abandoned_workflows"]}) >= 4
    assert {row["users_who_abandoned"] for row in found["abandoned_workflows"]} >= {6, 7}
    assert {row["has_left_altogether"] for row in found["user_abandoned_workflows"]} == {
        True, False,
    }  # fmt: skip
    assert any(row["resurrected_users"] for row in found["workflow_lifecycle"])
