"""Shuffling keeps every count and takes the habits away."""

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.synthetic.configs import SMALL
from tests.unit.synthetic.recount import local_date, sessions
from usage_pipeline.synthetic import generate_day, generate_table, ground_truth, shuffle

WAYS = ["within_day", "within_user_day", "uniform"]
PLANTED = replace(SMALL, days=24, isolated_background=True)


@cache
def table() -> pa.Table:
    return generate_table(PLANTED)


def facts(executions: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            row["id"], row["attempt"], row["user_id"], row["workflow_id"], row["status"],
            row["trigger"], local_date(row["start_time"], SMALL.zone),
            row["end_time"] and row["end_time"] - row["start_time"],
            row["updated_at"] - row["start_time"],
        )
        for row in executions.to_pylist()
    )  # fmt: skip


@cache
def unshuffled_facts() -> Counter[tuple[Any, ...]]:
    return facts(table())


@pytest.mark.parametrize("how", WAYS)
def test_every_execution_keeps_its_day_and_all_but_its_time(how: Any) -> None:
    shuffled = shuffle(table(), 3, how=how, zone=SMALL.zone)
    assert shuffled.schema == table().schema
    assert facts(shuffled) == unshuffled_facts()
    starts = shuffled["start_time"].to_pylist()
    assert starts == sorted(starts)


@pytest.mark.parametrize("how", ["within_day", "uniform"])
def test_planted_sequences_are_gone(how: Any) -> None:
    planted = {(h.user_id, tuple(h.workflow_ids)) for h in ground_truth(PLANTED).sequences}
    before = sessions(table(), SMALL.zone)
    after = sessions(shuffle(table(), 3, how=how, zone=SMALL.zone), SMALL.zone)
    count_before = sum((s.user_id, s.steps) in planted for s in before)
    count_after = sum((s.user_id, s.steps) in planted for s in after)
    assert count_before > 200
    assert count_after < 0.02 * count_before


def test_handing_times_out_anew_keeps_the_times() -> None:
    shuffled = shuffle(table(), 3, zone=SMALL.zone)
    assert shuffled["start_time"].to_pylist() == sorted(table()["start_time"].to_pylist())
    within_user = shuffle(table(), 3, how="within_user_day", zone=SMALL.zone)
    assert Counter(zip(*_user_and_start(within_user), strict=True)) == Counter(
        zip(*_user_and_start(table()), strict=True)
    )


def _user_and_start(executions: pa.Table) -> tuple[list[Any], list[Any]]:
    return executions["user_id"].to_pylist(), executions["start_time"].to_pylist()


def test_a_seed_gives_one_shuffling_and_nothing_gives_nothing() -> None:
    day = generate_day(SMALL, SMALL.first_day)
    assert shuffle(day, 1).equals(shuffle(day, 1))
    assert not shuffle(day, 1).equals(shuffle(day, 2))
    assert shuffle(day.slice(0, 0), 1).num_rows == 0
