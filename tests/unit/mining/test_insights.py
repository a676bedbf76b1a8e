"""Insights: each rule says what its numbers say, reads well, and names no other user."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.unit.mining.strategies import uuid_of
from usage_pipeline.mining.insights.find import InsightInputs, find_insights
from usage_pipeline.mining.insights.records import FOUND_INSIGHTS_SCHEMA, INSIGHT_TYPES
from usage_pipeline.mining.patterns.usage import USAGE_PATTERNS_SCHEMA
from usage_pipeline.mining.sequences.parts import SUBSEQUENCES_SCHEMA
from usage_pipeline.mining.settings import InsightSettings

AS_OF = date(2026, 6, 28)
ANA, BEN = uuid_of("ana"), uuid_of("ben")
COLUMNS = {
    "workflows": {"workflow_id": pa.string(), "workflow_name": pa.string()},
    "user_stats": {
        "user_id": pa.string(),
        "workflow_id": pa.string(),
        "people_execution_count": pa.int64(),
        "last_used_date": pa.date32(),
    },
    "user_recent": {
        "user_id": pa.string(),
        "workflow_id": pa.string(),
        "execution_count": pa.int64(),
        "people_execution_count": pa.int64(),
        "success_count": pa.int64(),
        "failure_count": pa.int64(),
        "total_cost": pa.decimal128(24, 6),
    },
    "user_abandoned": {
        "user_id": pa.string(),
        "workflow_id": pa.string(),
        "has_left_altogether": pa.bool_(),
    },
    "workflow_changes": {
        "workflow_id": pa.string(),
        "recent_success_count": pa.int64(),
        "recent_failure_count": pa.int64(),
        "previous_success_count": pa.int64(),
        "previous_failure_count": pa.int64(),
    },
    "workflow_durations": {
        "workflow_id": pa.string(),
        "duration_bucket": pa.int16(),
        "recent_count": pa.int64(),
        "previous_count": pa.int64(),
    },
    "favorites": {"user_id": pa.string(), "workflow_id": pa.string()},
}


def inputs(**rows):
    tables = {
        name: pa.Table.from_pylist(rows.get(name, []), schema=pa.schema(list(columns.items())))
        for name, columns in COLUMNS.items()
    }
    if not rows.get("workflows"):
        names = [{"workflow_id": uuid_of(x), "workflow_name": f"Flow {x}"} for x in "ABCDEFG"]
        schema = pa.schema(list(COLUMNS["workflows"].items()))
        tables["workflows"] = pa.Table.from_pylist(names, schema=schema)
    return InsightInputs(
        subsequences=pa.Table.from_pylist(rows.get("subsequences", []), schema=SUBSEQUENCES_SCHEMA),
        pattern_days=90,
        patterns=pa.Table.from_pylist(rows.get("patterns", []), schema=USAGE_PATTERNS_SCHEMA),
        **tables,
    )


def recent(workflow, people=0, user=ANA, success=0, failure=0, cost=None, executions=None):
    return {
        "user_id": user,
        "workflow_id": uuid_of(workflow),
        "execution_count": people if executions is None else executions,
        "people_execution_count": people,
        "success_count": success,
        "failure_count": failure,
        "total_cost": None if cost is None else Decimal(cost),
    }


def stats(workflow, days_ago=0, people=3, user=ANA):
    return {
        "user_id": user,
        "workflow_id": uuid_of(workflow),
        "people_execution_count": people,
        "last_used_date": AS_OF - timedelta(days=days_ago),
    }


def found(kind, settings=None, **rows):
    table = find_insights(inputs(**rows), AS_OF, settings or InsightSettings())
    assert table.schema == FOUND_INSIGHTS_SCHEMA
    return [
        row | {"evidence": json.loads(row["evidence"])}
        for row in table.to_pylist()
        if row["insight_type"] == kind
    ]


def messages(kind, **rows):
    return [row["message"] for row in found(kind, **rows)]


def test_nothing_gives_an_empty_table():
    assert find_insights(inputs(), AS_OF).equals(FOUND_INSIGHTS_SCHEMA.empty_table())


@pytest.mark.parametrize(("count", "times"), [(1, "1 time"), (1234, "1,234 times")])
def test_the_most_used_workflow_is_said(count, times):
    said = messages("most_used", user_recent=[recent("A", count), recent("B", 0)])
    assert said == [f'You use "Flow A" the most ({times} in the last 30 days)']


def test_runs_by_machines_are_not_use():
    rows = [recent("A", 2), recent("B", 1, executions=500)]
    assert [r["workflow_id"] for r in found("most_used", user_recent=rows)] == [uuid_of("A")]


def test_a_favourite_need_not_be_added_again():
    favorite = {"user_id": ANA, "workflow_id": uuid_of("A")}
    rows = [recent("A", 9), recent("A", 5, user=BEN), recent("B", 4, user=BEN)]
    said = found("most_used", user_recent=rows, favorites=[favorite])
    assert [(r["user_id"], r["action"]) for r in said] == [(BEN, "add_to_favorites")]


@pytest.mark.parametrize(
    ("success", "failure", "said"),
    [(2, 4, True), (0, 6, True), (2, 3, False), (3, 3, False), (0, 5, False)],
)
def test_struggling_needs_more_than_5_finished_and_less_than_half(success, failure, said):
    assert (
        bool(found("struggling", user_recent=[recent("A", 6, success=success, failure=failure)]))
        == said
    )


def test_struggling_says_the_workflow_with_most_failures():
    rows = [recent("A", 9, success=1, failure=8), recent("B", 30, success=9, failure=20)]
    assert messages("struggling", user_recent=rows) == [
        '"Flow B" fails often (20 of 29 times in the last 30 days). Need help?'
    ]


def test_unused_counts_workflows_and_reads_well_for_one():
    rows = [stats("A", 30), stats("B", 29), stats("C", 400, user=BEN), stats("D", 31, user=BEN)]
    assert set(messages("unused", user_stats=rows)) == {
        'You haven\'t used "Flow A" in 30+ days',
        "You haven't used 2 workflows in 30+ days",
    }
    assert all(r["workflow_id"] is None for r in found("unused", user_stats=rows))


def test_what_only_machines_ran_is_not_unused():
    assert not found("unused", user_stats=[stats("A", 50, people=0)])


def test_costly_is_most_of_a_users_costs_and_dear():
    others = [recent(x, 6, user=uuid_of(f"u{n}"), cost="1") for n in range(12) for x in "AB"]
    rows = [*others, recent("A", 6, cost="90"), recent("B", 6, cost="10")]
    assert messages("costly", user_recent=rows) == [
        '"Flow A" cost 90.00 in the last 30 days: 90% of all your costs'
    ]


def sequence(letters, support, q_value=0.001, user=ANA):
    return {
        "user_id": user,
        "sequence_id": uuid_of(f"sequence {letters}"),
        "workflow_ids": [uuid_of(x) for x in letters],
        "support": support,
        "day_count": 3,
        "confidence": 0.9,
        "lift": 3.0,
        "last_executed": datetime(2026, 6, 27, 9, tzinfo=UTC),
        "q_value": q_value,
    }


def test_a_sequence_run_again_and_again_is_worth_a_template():
    rows = [sequence("ABC", 14), sequence("AB", 15), sequence("DE", 5), sequence("FG", 9, 0.2)]
    assert messages("automate_sequence", subsequences=rows) == [
        'You ran "Flow A" → "Flow B" → "Flow C" 14 times in the last 28 days. '
        "Save it as a template?",
        'You ran "Flow D" → "Flow E" 5 times in the last 28 days. Save it as a template?',
    ]


def pattern(workflow, hits=18, confidence=0.7, weekdays=(0, 1, 2, 3, 4), hour=9):
    return {
        "pattern_id": uuid_of(f"pattern {workflow} {hour}"),
        "user_id": ANA,
        "pattern_type": "time_based",
        "workflow_id": uuid_of(workflow),
        "local_hour": hour,
        "hour_count": 1,
        "weekdays": list(weekdays),
        "description": "",
        "confidence": confidence,
        "hits": hits,
        "opportunities": 20,
        "p_value": 0.0,
        "q_value": 0.0,
        "evidence": "{}",
        "as_of_date": AS_OF,
    }


def test_a_regular_hour_is_worth_a_schedule():
    rows = [pattern("A"), pattern("A", hour=15, confidence=0.65), pattern("B", hits=7)]
    said = found("schedule_it", patterns=rows)
    assert [r["message"] for r in said] == [
        'You run "Flow A" on weekdays between 09:00 and 10:00 (18 of 20 days). Schedule it?'
    ]
    assert said[0]["fingerprint"] == "9-1-01234"


def test_what_a_machine_runs_already_needs_no_schedule():
    machine = recent("A", 18, executions=40)
    assert not found("schedule_it", patterns=[pattern("A")], user_recent=[machine])


def change(workflow, new, old):
    return {
        "workflow_id": uuid_of(workflow),
        "recent_success_count": new[0],
        "recent_failure_count": new[1],
        "previous_success_count": old[0],
        "previous_failure_count": old[1],
    }


def test_a_significant_fall_of_the_success_rate_is_told_to_those_who_run_it():
    rows = [
        change("A", (50, 50), (380, 20)),
        change("B", (8, 2), (38, 2)),  # as much as chance makes of ten
        change("C", (9_400, 600), (38_800, 1_200)),  # significant, but 3 points only
    ]
    used = [recent(x, 5) for x in "ABC"] + [recent("A", 2, user=BEN)]
    said = found("reliability_drop", workflow_changes=rows, user_recent=used)
    assert [(r["user_id"], r["message"]) for r in said] == [
        (
            ANA,
            '"Flow A" has become less reliable: 50% of all runs succeeded in the last 7 days, '
            "95% in the 28 days before",
        )
    ]


def test_a_significant_slowdown_is_told_with_both_medians():
    counts = [("A", 483, 2, 80), ("A", 556, 30, 5), ("B", 483, 10, 40), ("B", 487, 12, 40)]
    counts.append(("C", 960, 9, 0))
    names = ("workflow_id", "duration_bucket", "recent_count", "previous_count")
    rows = [dict(zip(names, (uuid_of(x), *rest), strict=True)) for x, *rest in counts]
    used = [recent(x, 5) for x in "ABC"]
    said = found("slower", workflow_durations=rows, user_recent=used)
    assert [r["message"] for r in said] == [
        '"Flow A" has become slower: half of all runs took more than 1 min 1 s in the last 7 days, '
        "14.4 s in the 28 days before"
    ]
    assert said[0]["evidence"]["median_duration_ms"] == pytest.approx(1.02**556.5)


def test_what_the_team_gave_up_is_told_to_who_still_runs_it_and_names_nobody():
    team = [uuid_of(f"u{n}") for n in range(60)]
    rows = [stats("A", user=user) for user in team[:12]] + [stats("B", user=user) for user in team]
    left = [
        {"user_id": user, "workflow_id": uuid_of("A"), "has_left_altogether": n == 9}
        for n, user in enumerate(team[:10])
    ]
    used = [recent("A", 4, user=user) for user in (*team[10:12], team[0])]
    said = found("abandoned_by_team", user_stats=rows, user_abandoned=left, user_recent=used)
    assert {r["user_id"] for r in said} == set(team[10:12])
    assert {r["message"] for r in said} == {
        '9 of the 12 people who used "Flow A" have stopped using it. Is there something better?'
    }
    for row in said:
        shown = row["message"] + json.dumps(row["evidence"])
        assert not any(user in shown for user in team)


def test_what_users_alike_run_is_worth_a_try():
    team = [uuid_of(f"u{n}") for n in range(80)]
    rows = [recent("A", 5, user=user) for user in team[:20]]
    rows += [recent("B", 5, user=user) for user in team[:16]]
    rows += [recent("C", 5, user=user) for user in team]
    used = [
        stats(x, user=row["user_id"])
        for row in rows
        for x in "ABC"
        if row["workflow_id"] == uuid_of(x)
    ]
    used.append(stats("B", 200, user=team[19]))  # has tried it long ago
    said = found("try_this", user_recent=rows, user_stats=used)
    assert {r["user_id"] for r in said} == set(team[16:19])
    assert {(r["workflow_id"], r["message"]) for r in said} == {
        (uuid_of("B"), '16 of 20 people who run "Flow A" also run "Flow B". Try it?')
    }


def test_few_users_make_no_recommendation():
    rows = [recent(x, 5, user=uuid_of(f"u{n}")) for n in range(4) for x in "AB"]
    assert not found("try_this", user_recent=[*rows, recent("A", 5)], user_stats=[])


def test_names_are_made_safe_in_messages():
    names = [{"workflow_id": uuid_of("A"), "workflow_name": 'x"\n\x00\u202ey' + "z" * 300}]
    (message,) = messages("most_used", user_recent=[recent("A", 2)], workflows=names)
    assert message.startswith("You use \"x' yzzz")
    assert len(message) < 150
    assert message.isprintable()


def test_ids_are_stable_and_different():
    rows = {"user_recent": [recent("A", 9, success=1, failure=8)], "user_stats": [stats("B", 90)]}
    tonight, tomorrow = (find_insights(inputs(**rows), AS_OF + timedelta(days=d)) for d in (0, 1))
    assert tonight["insight_id"].equals(tomorrow["insight_id"])
    assert len(set(tonight["insight_id"].to_pylist())) == tonight.num_rows == 3
    assert set(tonight["insight_type"].to_pylist()) <= set(INSIGHT_TYPES)
