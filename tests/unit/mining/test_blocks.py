"""Blocks of users and the order in which days were built change no mined row, to the last bit."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date, timedelta
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.mining.accuracy import as_executions
from tests.unit.mining import reference, whole
from tests.unit.mining.strategies import histories, to_table
from usage_pipeline.mining.daily.statistics import DailyStatistics, statistics_of_days
from usage_pipeline.mining.sequences.follow_ups import FOLLOW_UPS_SCHEMA
from usage_pipeline.mining.windows import WindowSettings, mined_windows
from usage_pipeline.synthetic import GeneratorConfig, generate_table

AS_OF = date(2026, 11, 20)
CONFIG = GeneratorConfig(
    seed=11, days=42, users=24, workflows=12, executions_per_day=700, sequence_habits=24,
    time_habits=12, conditional_habits=8, abandoned_workflows=1, bad_workflows=1,
)  # fmt: skip
LAST = CONFIG.first_day + timedelta(days=CONFIG.days - 1)


@pytest.fixture(scope="module")
def history() -> pa.Table:
    return as_executions(generate_table(CONFIG))


@pytest.fixture(scope="module")
def daily(history: pa.Table) -> DailyStatistics:
    return statistics_of_days(history, "UTC")


@pytest.fixture(scope="module")
def workflows(history: pa.Table) -> pa.Table:
    ids = pc.unique(history["workflow_id"]).cast(pa.string())
    return pa.table({"workflow_id": ids, "workflow_name": ids})


def each(daily: DailyStatistics, change: Callable[[pa.Table], pa.Table]) -> DailyStatistics:
    return DailyStatistics(*(change(getattr(daily, field.name)) for field in fields(daily)))


def blocks_of(daily: DailyStatistics, size: int) -> list[DailyStatistics]:
    users = sorted(pc.unique(daily.hours["user_id"]).to_pylist())
    cuts = [users[at : at + size] for at in range(0, len(users), size)]
    return [
        each(daily, lambda t, some=some: t.filter(pc.is_in(t["user_id"], value_set=pa.array(some))))
        for some in cuts
    ]


def rows(tables: dict[str, pa.Table]) -> dict[str, list[str]]:
    """Every row with every digit; `repr` of a float tells it from all others."""
    return {name: sorted(map(repr, table.to_pylist())) for name, table in tables.items()}


def mined(blocks: list[DailyStatistics], workflows: pa.Table) -> dict[str, pa.Table]:
    return mined_windows(blocks, workflows, WindowSettings(), LAST)


@pytest.fixture(scope="module")
def at_once(daily: DailyStatistics, workflows: pa.Table) -> dict[str, pa.Table]:
    tables = mined([daily], workflows)
    assert min(table.num_rows for table in tables.values()) > 2
    kinds = pc.unique(tables["usage_patterns"]["pattern_type"]).to_pylist()
    assert sorted(kinds) == ["conditional", "sequence", "time_based"]
    return tables


@pytest.mark.parametrize("size", [1, 5])
def test_blocks_of_users_give_what_all_users_at_once_give(daily, workflows, at_once, size):
    assert rows(mined(blocks_of(daily, size), workflows)) == rows(at_once)


def test_days_built_in_any_order_give_the_same_to_the_last_digit(daily, workflows, at_once):
    days = pc.unique(daily.hours["execution_date"]).to_pylist()
    for seed in range(3):
        Random(seed).shuffle(days)  # noqa: S311 - an order, no secret
        place = pa.array(days)

        def in_order(table: pa.Table, place: pa.Array = place) -> pa.Table:
            at = pc.index_in(table["execution_date"], value_set=place).to_numpy()
            return table.take(pa.array(np.argsort(at, kind="stable")))

        assert rows(mined([each(daily, in_order)], workflows)) == rows(at_once)


@settings(max_examples=80, deadline=None)
@given(
    executions=histories(),
    min_days=st.integers(1, 2),
    longest=st.integers(2, 4),
    data=st.data(),
)
def test_popular_sequences_of_blocks_are_those_of_everybody(executions, min_days, longest, data):
    daily = statistics_of_days(to_table(executions), "UTC")
    pairs = sorted(
        {
            (session.user_id, a, b)
            for session in reference.sessions(executions)
            for a, b in zip(session.workflow_ids, session.workflow_ids[1:], strict=False)
        }
    )
    tests = pa.Table.from_pylist(
        [
            {"user_id": user, "from_workflow_id": a, "to_workflow_id": b, "hits": 1,
             "opportunities": 1, "expected_hits": 0.0,
             "p_value": data.draw(st.sampled_from([0.01, 0.01, 0.2]))}
            for user, a, b in pairs
        ],
        schema=FOLLOW_UPS_SCHEMA,
    )  # fmt: skip
    window = {"window_days": 400, "longest": longest, "min_days": min_days}
    everybody = whole.popular(daily, tests, AS_OF, min_users=1, **window)
    in_blocks = whole.popular(
        daily, tests, AS_OF, min_users=1, blocks=blocks_of(daily, 1), **window
    )
    assert in_blocks.equals(everybody)


def test_a_block_without_the_others_would_say_something_else(daily, workflows, at_once):
    """What needs all users is really there: mined alone, a block has other q-values."""
    alone = mined(blocks_of(daily, 5)[:1], workflows)["workflow_subsequences"]
    ids = set(alone["sequence_id"].to_pylist())
    told = {row["sequence_id"]: row for row in at_once["workflow_subsequences"].to_pylist()}
    assert ids <= told.keys()
    assert any(row != told[row["sequence_id"]] for row in alone.to_pylist())
