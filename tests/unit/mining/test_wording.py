"""Words read well for one and for many, and names cannot change what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.mining.insights.wording import (
    between_hours,
    clean_name,
    counted,
    duration,
    listed,
    on_weekdays,
    percent,
)


@given(st.text(), st.uuids())
def test_names_are_one_printable_line_without_quotes(name, workflow_id):
    clean = clean_name(name, str(workflow_id))
    assert clean.isprintable()
    assert '"' not in clean
    assert 0 < len(clean) <= 80
    assert clean == clean.strip()


@pytest.mark.parametrize("name", [None, "", " \n\t", "\u200b"])
def test_a_workflow_without_name_is_called_by_its_id(name):
    assert clean_name(name, "0123456789ab") == "workflow 01234567"


def test_counts_have_singular_and_plural():
    assert [counted(n, "day") for n in (0, 1, 2_000)] == ["0 days", "1 day", "2,000 days"]
    assert [counted(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]


def test_lists_have_one_and():
    assert [listed(list("abc")[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_weekdays_have_names():
    assert on_weekdays([4, 0]) == "on Mondays and Fridays"


def test_the_last_hour_ends_at_midnight():
    assert between_hours(23, 1) == "between 23:00 and 00:00"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.001, "less than 1%"), (0.5, "50%"), (0.999, "more than 99%"), (1, "100%")],
)
def test_nearly_all_is_not_all(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(12, "12 ms"), (1_500, "1.5 s"), (61_000, "1 min 1 s"), (3_720_000, "1 h 2 min")],
)
def test_durations_have_two_units(milliseconds, text):
    assert duration(milliseconds) == text


@pytest.mark.parametrize(("share", "text"), [(0.125, "13%"), (0.145, "15%"), (0.285, "29%")])
def test_a_half_is_rounded_up_as_it_is_everywhere(share, text):
    assert percent(share) == text
