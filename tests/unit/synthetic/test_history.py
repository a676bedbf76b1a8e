"""A history is reproducible, adds up to its totals and looks like the real thing."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from statistics import mean, median

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.synthetic.configs import SMALL
from tests.unit.synthetic.recount import Row, by_people, local_date
from usage_pipeline.errors import UsageError
from usage_pipeline.synthetic import (
    DEMO,
    GENERATED_SCHEMA,
    GeneratorConfig,
    Truth,
    generate_day,
    generate_table,
    ground_truth,
)
from usage_pipeline.synthetic.population import draw_population


@cache
def rows() -> list[Row]:
    return generate_table(SMALL).to_pylist()


@cache
def truth() -> Truth:
    return ground_truth(SMALL)


def of_day(table: pa.Table, day: date, zone: str) -> list[Row]:
    return [row for row in table.to_pylist() if local_date(row["start_time"], zone) == day]


def test_a_day_on_its_own_is_the_same_as_in_the_whole_history() -> None:
    day = SMALL.first_day + timedelta(days=20)
    whole = [row for row in rows() if local_date(row["start_time"], SMALL.zone) == day]
    draw_population.cache_clear()
    assert generate_day(SMALL, day).to_pylist() == whole


def test_another_seed_gives_other_executions() -> None:
    day = SMALL.first_day
    first, second = (generate_day(replace(SMALL, seed=seed), day) for seed in (1, 2))
    assert not first.equals(second)
    assert set(first["id"].to_pylist()).isdisjoint(second["id"].to_pylist())


@settings(max_examples=15, deadline=None)
@given(
    zone=st.sampled_from(["America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kolkata"]),
    first_day=st.dates(date(2023, 1, 1), date(2026, 12, 1)),
)
def test_every_execution_starts_on_its_own_local_day(zone: str, first_day: date) -> None:
    config = GeneratorConfig(
        first_day=first_day, days=2, users=30, workflows=30, executions_per_day=300, zone=zone
    )
    table = generate_day(config, config.last_day)
    assert {local_date(t, zone) for t in table["start_time"].to_pylist()} == {config.last_day}


def test_columns_are_as_declared_and_values_are_possible() -> None:
    table = generate_table(SMALL)
    assert table.schema == GENERATED_SCHEMA
    table.validate(full=True)
    for row in rows():
        assert (row["end_time"] is None) == (row["status"] == "started")
        assert row["end_time"] is None or row["end_time"] >= row["start_time"]
        assert (row["error_message"] is not None) == (row["status"] == "failed")
        assert row["updated_at"] >= (row["end_time"] or row["start_time"])
        assert row["cost"] is None or row["cost"] >= 0
        assert row["output_size"] is None or row["input_size"] is not None
    identities = Counter((row["id"], row["attempt"]) for row in rows())
    assert set(identities.values()) == {1}


def test_second_attempts_follow_failed_first_ones() -> None:
    first = {row["id"]: row for row in rows() if row["attempt"] == 1}
    again = [row for row in rows() if row["attempt"] == 2]
    assert again
    for row in again:
        before = first[row["id"]]
        assert before["status"] == "failed"
        assert row["start_time"] > before["end_time"]
        assert (row["user_id"], row["workflow_id"]) == (before["user_id"], before["workflow_id"])


def test_totals_by_day_and_by_workflow_add_up_to_the_executions() -> None:
    days = Counter(local_date(row["start_time"], SMALL.zone) for row in rows())
    people = Counter(local_date(r["start_time"], SMALL.zone) for r in rows() if by_people(r))
    assert {day.day: day.executions for day in truth().days} == days
    assert {day.day: day.by_people for day in truth().days} == people
    statuses = Counter((row["workflow_id"], row["status"]) for row in rows())
    used_by_people = Counter(row["workflow_id"] for row in rows() if by_people(row))
    for workflow in truth().workflows:
        assert workflow.by_people == used_by_people[workflow.workflow_id]
        for status in ("started", "completed", "failed", "cancelled"):
            assert getattr(workflow, status) == statuses[workflow.workflow_id, status]
    assert truth().executions == len(rows())


def test_abandoned_workflows_are_those_that_the_definition_finds() -> None:
    tries: dict[str, Counter[str]] = defaultdict(Counter)
    last_used: dict[str, date] = {}
    early_users: dict[str, set[str]] = defaultdict(set)
    for row in rows():
        day, workflow = local_date(row["start_time"], SMALL.zone), row["workflow_id"]
        tries[workflow][row["user_id"]] += 1
        last_used[workflow] = max(day, last_used.get(workflow, day))
        if day <= SMALL.last_day - timedelta(days=30):
            early_users[workflow].add(row["user_id"])
    found = {
        workflow
        for workflow, users in early_users.items()
        if len(users) > 5 and last_used[workflow] <= SMALL.last_day - timedelta(days=7)
    }
    assert {told.workflow_id for told in truth().abandoned_workflows} == found
    assert len(found) == SMALL.abandoned_workflows
    for told in truth().abandoned_workflows:
        counts = tries[told.workflow_id]
        assert early_users[told.workflow_id] == set(counts)
        assert (told.last_used_date, told.users) == (last_used[told.workflow_id], len(counts))
        assert told.average_tries == pytest.approx(mean(counts.values()))
        assert told.median_tries == median(counts.values())


def test_who_leaves_is_gone_for_more_than_30_days() -> None:
    used = [(r["user_id"], r["workflow_id"], r["start_time"]) for r in rows() if by_people(r)]
    assert len(truth().left_workflows) == SMALL.users_leaving_workflow
    for told in truth().left_workflows:
        key = (told.user_id, told.workflow_id)
        days = [local_date(t, SMALL.zone) for u, w, t in used if (u, w) == key]
        assert (max(days), len(days), len(set(days))) == (
            told.last_active_date, told.executions, told.active_days,
        )  # fmt: skip
        assert told.last_active_date <= SMALL.last_day - timedelta(days=31)
    assert len(truth().left_users) == SMALL.users_leaving
    for user in truth().left_users:
        days = [local_date(t, SMALL.zone) for u, _, t in used if u == user.user_id]
        assert (max(days), len(days)) == (user.last_active_date, user.executions)
        assert user.last_active_date <= SMALL.last_day - timedelta(days=31)


def test_a_renamed_workflow_has_its_new_name_from_one_day_on() -> None:
    (renamed,) = truth().renamed_workflows
    names = {
        (local_date(row["start_time"], SMALL.zone) >= renamed.first_day, row["workflow_name"])
        for row in rows()
        if row["workflow_id"] == renamed.workflow_id
    }
    assert names == {(False, renamed.old_name), (True, renamed.new_name)}
    latest = {w.workflow_id: w.workflow_name for w in truth().workflows}
    assert latest[renamed.workflow_id] == renamed.new_name


def test_schedules_start_at_their_hour_and_machines_start_nothing_else() -> None:
    hours = {(s.user_id, s.workflow_id, s.hour) for s in truth().schedules}
    chained = {(s.user_id, s.chained_workflow_id) for s in truth().schedules}
    seen = set()
    for row in rows():
        if row["trigger"] == "scheduled":
            utc_hour = row["start_time"].hour
            # Berlin is one hour ahead of UTC in winter and two in summer.
            local_hours = [(utc_hour + 1) % 24, (utc_hour + 2) % 24]
            key = (row["user_id"], row["workflow_id"])
            found = [hour for hour in local_hours if (*key, hour) in hours]
            assert found
            seen.add((*key, found[0]))
        if row["trigger"] == "chained":
            assert (row["user_id"], row["workflow_id"]) in chained
    assert len(seen) >= len(hours) - 1


def test_executions_keep_to_the_mean_the_working_week_and_few_workflows() -> None:
    config = replace(DEMO, noise=0.1, days=28, joining_share=0.0)
    table = generate_table(config)
    assert table.num_rows / config.days == pytest.approx(config.executions_per_day, rel=0.03)
    weekdays = Counter(t.weekday() for t in table["start_time"].to_pylist())
    assert weekdays[6] < 0.5 * weekdays[1]
    hours = Counter(t.hour for t in table["start_time"].to_pylist())
    assert hours[3] < 0.1 * hours[10]
    workflows = Counter(table["workflow_id"].to_pylist()).most_common()
    assert sum(n for _, n in workflows[:5]) > 0.35 * table.num_rows
    assert len(workflows) == config.workflows
    assert len(set(table["user_id"].to_pylist())) == config.users


def test_failures_are_as_frequent_as_each_workflow_draws_them() -> None:
    config = GeneratorConfig(
        days=7, users=50, workflows=10, executions_per_day=5_000, sequence_habits=0,
        time_habits=0, conditional_habits=0, retry_share=0, bad_workflows=1,
    )  # fmt: skip
    told = ground_truth(config)
    for workflow in told.workflows:
        finished = workflow.completed + workflow.failed
        rate = workflow.failed / finished
        expected = workflow.failure_rate / (1 - 0.023)
        assert rate == pytest.approx(expected, abs=5 * (expected / finished) ** 0.5)
    assert max(w.failure_rate for w in told.workflows) > 0.3


def test_degraded_workflows_get_worse_in_the_last_week() -> None:
    (worse,), (slower,) = truth().failing_more, truth().slower

    def share_failed(recent: bool) -> float:
        finished = [
            row["status"] == "failed"
            for row in rows()
            if row["workflow_id"] == worse.workflow_id
            and (local_date(row["start_time"], SMALL.zone) >= worse.first_day) == recent
            and row["status"] in ("completed", "failed")
        ]
        return mean(finished)

    def median_seconds(recent: bool) -> float:
        return median(
            (row["end_time"] - row["start_time"]).total_seconds()
            for row in rows()
            if row["workflow_id"] == slower.workflow_id
            and (local_date(row["start_time"], SMALL.zone) >= slower.first_day) == recent
            and row["status"] == "completed"
        )

    assert share_failed(recent=True) > share_failed(recent=False) + 0.2
    assert median_seconds(recent=True) > 1.7 * median_seconds(recent=False)


def test_the_demo_is_eight_weeks_that_end_on_a_sunday_with_readable_names() -> None:
    assert (DEMO.days, DEMO.last_day, DEMO.last_day.weekday()) == (56, date(2026, 6, 28), 6)
    row = generate_day(DEMO, DEMO.first_day).to_pylist()[0]
    assert "." in row["user_id"]
    assert row["workflow_name"].lower().replace(" ", "-").startswith(row["workflow_id"][:4])


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"seed": -1},
        {"users": 0},
        {"noise": 1.5},
        {"schedules": -1},
        {"zone": "Mars/Olympus"},
        {"dirty_share": 0.1, "dirty_kinds": ()},
    ],
)
def test_an_impossible_description_is_refused_in_one_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(SMALL, **wrong)


def test_too_many_habits_for_the_users_and_unknown_days_are_refused() -> None:
    with pytest.raises(UsageError, match="no room"):
        generate_day(replace(SMALL, users=2, joining_share=0, users_leaving=0), SMALL.first_day)
    with pytest.raises(UsageError, match="choose a day from"):
        generate_day(SMALL, SMALL.first_day - timedelta(days=1))


@pytest.mark.parametrize("days", [1, 2, 10, 45])
def test_short_and_tiny_histories_are_possible(days: int) -> None:
    config = GeneratorConfig(
        days=days, users=1, workflows=1, executions_per_day=3, sequence_habits=0, time_habits=0,
        conditional_habits=0, schedules=1, joining_share=0,
    )  # fmt: skip
    assert ground_truth(config).executions == generate_table(config).num_rows
