"""From night to night: replaced, resolved, dismissed for good until something changes."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.mining.insights.records import all_insights, insights
from usage_pipeline.mining.insights.states import USAGE_INSIGHTS_SCHEMA, merge_insights
from usage_pipeline.mining.settings import InsightSettings

FIRST = date(2026, 6, 1)
NOTHING = USAGE_INSIGHTS_SCHEMA.empty_table()


def night(number: int) -> date:
    return FIRST + timedelta(days=number)


def finding(workflow="a", magnitude=10.0, score=1.0, fingerprint="", user="ana", kind="struggling"):
    return insights(
        kind, "x", users=[user], workflows=[workflow], messages=[f"{magnitude}"], evidence=[{}],
        score=[score], magnitude=[magnitude], fingerprints=[fingerprint],
    )  # fmt: skip


def merged(previous, findings, number, **limits):
    as_of = night(number)
    return merge_insights(previous, all_insights(findings, as_of), as_of, InsightSettings(**limits))


def dismissed(table):
    position = table.schema.get_field_index("state")
    states = pa.array(["dismissed"] * table.num_rows, pa.string())
    return table.set_column(position, table.schema.field(position), states)


def states(table):
    return dict(zip(table["workflow_id"].to_pylist(), table["state"].to_pylist(), strict=True))


def test_tonights_record_replaces_last_nights():
    table = merged(merged(NOTHING, [finding(magnitude=5)], 0), [finding(magnitude=6)], 1)
    (row,) = table.to_pylist()
    assert (row["message"], row["state"]) == ("6", "open")
    assert (row["opened_date"], row["as_of_date"]) == (night(0), night(1))


def test_what_is_found_no_longer_is_resolved_then_forgotten():
    table = merged(merged(NOTHING, [finding()], 0), [], 1)
    assert (states(table), table["resolved_date"][0].as_py()) == ({"a": "resolved"}, night(1))
    assert merged(table, [], 30).num_rows == 1
    assert merged(table, [], 31).num_rows == 0


def test_what_comes_again_is_open_again():
    table = merged(merged(merged(NOTHING, [finding()], 0), [], 1), [finding()], 2)
    (row,) = table.to_pylist()
    assert (row["state"], row["opened_date"], row["resolved_date"]) == ("open", night(2), None)


@pytest.mark.parametrize(
    ("magnitude", "fingerprint", "state"),
    [(14.9, "", "dismissed"), (3, "", "dismissed"), (15, "", "open"), (10, "other", "open")],
)
def test_a_dismissed_insight_comes_again_only_if_it_changed_materially(
    magnitude, fingerprint, state
):
    table = dismissed(merged(NOTHING, [finding(magnitude=10)], 0))
    table = merged(table, [finding(magnitude=magnitude, fingerprint=fingerprint)], 1)
    assert states(table) == {"a": state}


def test_growth_is_counted_from_the_dismissal_not_from_last_night():
    table = dismissed(merged(NOTHING, [finding(magnitude=10)], 0))
    for number, magnitude in enumerate((12, 14, 14.9), start=1):
        table = merged(table, [finding(magnitude=magnitude)], number)
        assert states(table) == {"a": "dismissed"}
    table = merged(table, [finding(magnitude=15)], 4)
    assert (states(table), table["opened_date"][0].as_py()) == ({"a": "open"}, night(4))


def test_a_dismissed_insight_stays_so_while_it_is_not_found():
    table = merged(dismissed(merged(NOTHING, [finding()], 0)), [], 1)
    assert states(table) == {"a": "dismissed"}
    table = merged(merged(table, [], 200), [finding(magnitude=11)], 201)
    assert states(table) == {"a": "dismissed"}


def test_a_user_is_told_what_is_worth_most():
    findings = [finding(f"w{n}", score=n, kind=f"kind {n // 3}") for n in range(9)]
    table = merged(NOTHING, findings, 0, max_per_user=4)
    assert table["workflow_id"].to_pylist() == ["w8", "w7", "w5", "w4"]


def test_what_was_displaced_is_not_called_resolved():
    table = merged(NOTHING, [finding("a", score=1)], 0, max_per_user=1)
    table = merged(table, [finding("a", score=1), finding("b", score=2)], 1, max_per_user=1)
    assert states(table) == {"b": "open"}


def test_dismissed_ones_leave_room_for_others():
    table = dismissed(merged(NOTHING, [finding("a", score=9)], 0))
    table = merged(table, [finding("a", score=9), finding("b")], 1, max_per_user=1)
    assert states(table) == {"a": "dismissed", "b": "open"}


nights = st.lists(
    st.lists(
        st.builds(
            finding,
            workflow=st.sampled_from("abc"),
            magnitude=st.sampled_from([1.0, 2.0, 10.0]),
            score=st.sampled_from([1.0, 2.0]),
            user=st.sampled_from(["ana", "ben"]),
            kind=st.sampled_from(["k", "l"]),
        ),
        max_size=8,
        unique_by=lambda each: each["insight_id"][0].as_py(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=50, deadline=None)
@given(nights=nights, dismissing=st.integers(0, 4))
def test_merging_a_night_again_changes_nothing(nights, dismissing):
    table = NOTHING
    for number, findings in enumerate(nights):
        table = merged(table, findings, number, max_per_user=3)
        assert merged(table, findings, number, max_per_user=3).equals(table)
        assert table.schema == USAGE_INSIGHTS_SCHEMA
        if number == dismissing:
            table = dismissed(table)
    open_ones = [r for r in table.to_pylist() if r["state"] == "open"]
    for user in ("ana", "ben"):
        assert sum(r["user_id"] == user for r in open_ones) <= 3
