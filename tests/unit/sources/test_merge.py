"""Merging copies: one result in any order of arrival, equal to a slow reference."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA
from usage_pipeline.sources.conform.merge import merge_copies
from usage_pipeline.terms import STATUS_RANK

START = datetime(2024, 3, 1, 23, 59, tzinfo=UTC)
MINUTES = st.integers(0, 3).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def copies(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(MINUTES)
    return {
        "id": draw(st.sampled_from("ab")),
        "user_id": draw(st.sampled_from("uv")),
        "workflow_id": "w",
        "workflow_name": draw(st.sampled_from([None, "n", "m"])),
        "start_time": start,
        "end_time": draw(st.none() | st.just(start + timedelta(minutes=9))),
        "status": draw(st.sampled_from(STATUS_RANK)),
        "trigger_type": None,
        "error_message": draw(st.sampled_from([None, "", "boom"])),
        "input_size": draw(st.sampled_from([None, 0, 7])),
        "output_size": None,
        "cost": draw(st.sampled_from([None, Decimal("1.5")])),
        "execution_date": start.date(),
        "source": draw(st.sampled_from(["s", "t"])),
        "source_id": "1",
        "attempt": 1,
        "source_status": None,
        "updated_at": draw(st.none() | MINUTES),
        "source_user_id": "u",
        "source_workflow_id": "w",
    }


def reference(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """DESIGN's rule, one group of copies at a time."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["source"], row["id"]), []).append(row)
    return [_merged(groups[key]) for key in sorted(groups)]


def _merged(group: list[dict[str, Any]]) -> dict[str, Any]:
    names = [
        name
        for name in CANONICAL_SCHEMA.names
        if name not in ("start_time", "execution_date", "status", "updated_at")
    ]

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        return (
            row["status"] != "started",
            _nulls_first(row["updated_at"]),
            STATUS_RANK.index(row["status"]),
            *(_nulls_first(row[name]) for name in names),
        )

    earliest = min(group, key=lambda row: row["start_time"])
    times = {name: earliest[name] for name in ("start_time", "execution_date")}
    return {**max(group, key=order), **times}


def _nulls_first(value: Any) -> tuple[Any, ...]:
    return (0,) if value is None else (1, value)


@given(st.lists(copies(), max_size=8), st.randoms(use_true_random=False))
def test_the_merge_is_the_reference_in_any_order(
    rows: list[dict[str, Any]], order: random.Random
) -> None:
    expected = reference(rows)
    order.shuffle(rows)
    merged = merge_copies(pa.Table.from_pylist(rows, CANONICAL_SCHEMA))
    assert merged.schema.equals(CANONICAL_SCHEMA)
    assert merged.to_pylist() == expected


@given(st.lists(copies(), max_size=8), st.integers(0, 8))
def test_merging_in_two_steps_is_merging_at_once(rows: list[dict[str, Any]], cut: int) -> None:
    whole = pa.Table.from_pylist(rows, CANONICAL_SCHEMA)
    steps = pa.concat_tables([merge_copies(whole.slice(0, cut)), whole.slice(cut)])
    assert merge_copies(steps).equals(merge_copies(whole))


@given(st.lists(copies(), min_size=1, max_size=8))
def test_an_execution_that_ended_never_goes_back_to_open(rows: list[dict[str, Any]]) -> None:
    ended = {(row["source"], row["id"]) for row in rows if row["status"] != "started"}
    for row in merge_copies(pa.Table.from_pylist(rows, CANONICAL_SCHEMA)).to_pylist():
        assert (row["status"] != "started") == ((row["source"], row["id"]) in ended)
