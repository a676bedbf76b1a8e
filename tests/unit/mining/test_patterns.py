"""Patterns: windows equal the slow reference, and what is said is what people do."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mining import reference, whole
from tests.unit.mining.reference import Execution
from tests.unit.mining.strategies import USERS, WORKFLOWS, run, to_table, uuid_of
from usage_pipeline.mining.daily.statistics import execution_hours, statistics_of_days
from usage_pipeline.mining.executions import ExecutionsOfUsers
from usage_pipeline.mining.patterns.time import find_time_windows
from usage_pipeline.mining.patterns.usage import USAGE_PATTERNS_SCHEMA
from usage_pipeline.mining.statistics import wilson_bounds

FIRST = date(2026, 4, 6)  # a Monday
AS_OF = date(2026, 6, 28)  # a Sunday, 12 weeks later
NAMES = pa.table(
    {
        "workflow_id": [uuid_of(letter) for letter in "ABCDEX"],
        "workflow_name": ["Alpha", "Beta", 'Say "hi"\n', None, "Epsilon", "Xi"],
    }
)


def mined(executions):
    daily = statistics_of_days(to_table(executions), "UTC")
    return whole.patterns(daily, NAMES, AS_OF).to_pylist()


def days_of(weekdays, first=FIRST, last=AS_OF):
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() in weekdays]


def starts(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def scattered(letters, user="ana"):
    """Executions far apart from each other at ever other hours, a few a day."""
    number = count()
    return [
        execution
        for day in days_of(range(7))
        for letter in letters
        for execution in run(letter, starts(day, next(number) * 7 % 24, 20), user=user)
    ]


@settings(max_examples=50, deadline=None)
@given(
    moments=st.lists(
        st.tuples(
            st.sampled_from(USERS), st.sampled_from(WORKFLOWS[:2]), st.integers(0, 30),
            st.sampled_from([8, 9, 10, 22, 23]), st.sampled_from([0, 30]),
        ),
        max_size=120,
    ),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
)  # fmt: skip
def test_windows_are_counted_as_the_reference_does(moments, zone):
    executions = [
        Execution(f"{n:036d}", user, workflow, starts(FIRST + timedelta(days=day), hour, minute))
        for n, (user, workflow, day, hour, minute) in enumerate(moments)
    ]
    as_of = FIRST + timedelta(days=31)
    hours = execution_hours(ExecutionsOfUsers(to_table(executions)).all(), zone)
    found = find_time_windows(hours, as_of, min_hits=2, min_confidence=0.1)
    for row in range(len(found)):
        user = found.users[int(found.user[row])].as_py()
        workflow = found.workflows[int(found.workflow[row])].as_py()
        hour, width = int(found.hour[row]), int(found.hours[row])
        weekdays = [day for day in range(7) if found.weekdays[row, day]]
        hits, opportunities, expected = reference.time_window(
            executions, zone, as_of, (user, workflow), range(hour, hour + width), weekdays
        )
        assert (found.hits[row], found.opportunities[row]) == (hits, opportunities)
        assert found.expected[row] == pytest.approx(expected)
        lower = wilson_bounds(found.hits[row], found.opportunities[row])[0]
        assert found.confidence[row] == pytest.approx(float(lower))


@pytest.mark.parametrize(
    ("weekdays", "words"),
    [
        (range(7), "every day"),
        (range(5), "on weekdays"),
        ((0, 2, 4), "on Mondays, Wednesdays and Fridays"),
        ((5, 6), "at weekends"),
        ((0,), "on Mondays"),
    ],
)
def test_a_regular_hour_is_said_with_its_weekdays(weekdays, words):
    executions = [e for day in days_of(weekdays) for e in run("A", starts(day, 9, 10))]
    executions += scattered("XE")
    found = [p for p in mined(executions) if p["pattern_type"] == "time_based"]
    days = len(days_of(weekdays))
    assert [p["description"] for p in found] == [
        f'You run "Alpha" {words} between 09:00 and 10:00 ({days} of {days} days)'
    ]
    assert found[0]["weekdays"] == list(weekdays)
    assert found[0]["q_value"] <= 0.05


def test_a_user_with_nothing_else_has_a_pattern_too():
    executions = [e for day in days_of(range(5)) for e in run("A", starts(day, 9, 10))]
    assert [p["local_hour"] for p in mined(executions)] == [9]


def test_a_habit_around_the_full_hour_is_one_of_two_hours():
    days = days_of(range(5))
    executions = [
        e
        for n, day in enumerate(days)
        for e in run("A", starts(day, 8, 55) if n % 2 else starts(day, 9, 5))
    ]
    found = mined(executions + scattered("XE"))
    assert [(p["local_hour"], p["hour_count"], p["hits"]) for p in found] == [(8, 2, len(days))]


def test_what_is_run_all_day_long_has_no_hour():
    executions = [
        e for day in days_of(range(5)) for hour in range(8, 18) for e in run("A", starts(day, hour))
    ]
    assert mined(executions) == []


def test_misses_since_the_first_use_count():
    executions = [e for day in days_of(range(5))[:40] for e in run("A", starts(day, 9, 10))]
    found = mined(executions)
    assert [(p["hits"], p["opportunities"]) for p in found] == [(40, 60)]


def test_what_follows_again_and_again_is_a_sequence():
    executions = [e for day in days_of(range(5))[:30] for e in run("AB", starts(day, 9, 10))]
    executions += scattered("AXE")
    found = [p for p in mined(executions) if p["pattern_type"] == "sequence"]
    assert [p["description"] for p in found] == ['After "Alpha" you run "Beta" (30 of 114 times)']
    assert found[0]["confidence"] == pytest.approx(float(wilson_bounds(30, 114)[0]))
    assert json.loads(found[0]["evidence"])["hits"] == 30


def test_two_workflows_together_in_either_order_are_no_sequence():
    executions = [
        e
        for n, day in enumerate(days_of(range(7)))
        for e in run("AB" if n % 2 else "BA", starts(day, n * 5 % 24, 10))
    ]
    assert mined(executions) == []


def reactions(after_failure, after_success):
    """A on 60 days, failing on every second; followed by B in those shares of ten."""
    executions = []
    for number, day in enumerate(days_of(range(5))):
        failed = number % 2 == 0
        followed = number // 2 % 10 < (after_failure if failed else after_success)
        status = "failed" if failed else "completed"
        executions += run("AB" if followed else "A", starts(day, number * 5 % 24, 5), status=status)
    return executions


def test_what_follows_failures_only_is_conditional():
    found = [p for p in mined(reactions(9, 1)) if p["pattern_type"] == "conditional"]
    assert [p["description"] for p in found] == [
        'When "Alpha" fails you run "Beta" (27 of 30 times; after a success 3 of 30)'
    ]
    assert (found[0]["hits"], found[0]["opportunities"]) == (27, 30)


def test_what_follows_successes_as_well_is_not_conditional():
    assert not [p for p in mined(reactions(9, 9)) if p["pattern_type"] == "conditional"]


def test_patterns_keep_their_ids_while_their_numbers_change():
    executions = [e for day in days_of(range(5)) for e in run("A", starts(day, 9, 10))]
    more, fewer = mined(executions), mined(executions[:-1])
    assert [p["pattern_id"] for p in more] == [p["pattern_id"] for p in fewer]
    assert more[0]["hits"] != fewer[0]["hits"]


def test_names_are_made_safe():
    executions = [e for day in days_of(range(5)) for e in run("C", starts(day, 9, 10))]
    executions += [e for day in days_of(range(5)) for e in run("D", starts(day, 14, 10))]
    texts = " ".join(p["description"] for p in mined(executions))
    assert "\"Say 'hi'\"" in texts
    assert f'"workflow {uuid_of("D")[:8]}"' in texts


def test_order_of_rows_does_not_matter():
    executions = [e for day in days_of(range(5)) for e in run("AB", starts(day, 9, 10))]
    executions += scattered("XE") + scattered("XE", user="ben")
    assert mined(executions) == mined(executions[::-1])


def test_nothing_gives_an_empty_table():
    daily = statistics_of_days(to_table([]), "UTC")
    found = whole.patterns(daily, NAMES, AS_OF)
    assert found.equals(USAGE_PATTERNS_SCHEMA.empty_table())
