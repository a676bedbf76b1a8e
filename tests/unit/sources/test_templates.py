"""Paths with a day in them, both ways."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.sources.reading.templates import any_day, day_of_path, is_template, path_of_day

DAY = date(2024, 1, 5)


@pytest.mark.parametrize(
    ("template", "path", "glob"),
    [
        ("a/{day}.csv", "a/2024-01-05.csv", "a/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].csv"),
        ("{day:%Y/%m/%d}/a", "2024/01/05/a", "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/a"),
        ("{day:%Y%j}", "2024005", "[0-9][0-9][0-9][0-9][0-9][0-9][0-9]"),
        ("y={day:%Y}/{day}.csv", "y=2024/2024-01-05.csv", None),
        ("y={day:%Y}/m={day:%m}/d={day:%d}/*.csv", "y=2024/m=01/d=05/*.csv", None),
    ],
)
def test_a_template_is_a_path_a_day_and_a_glob_for_all(
    template: str, path: str, glob: str | None
) -> None:
    assert is_template(template)
    assert path_of_day(template, DAY) == path
    assert day_of_path(template, path.replace("*", "x")) == DAY
    if glob is not None:
        assert any_day(template) == glob


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("a/{day}.csv", "a/2024-02-30.csv"),
        ("a/{day}.csv", "a/2024-01-05xcsv"),
        ("a/{day}.csv", "b/2024-01-05.csv"),
        ("y={day:%Y}/{day}.csv", "y=2023/2024-01-05.csv"),
        ("{day}/*.csv", "2024-01-05/deeper/x.csv"),
    ],
)
def test_a_path_that_does_not_fit_has_no_day(template: str, path: str) -> None:
    assert day_of_path(template, path) is None


@given(
    st.dates(date(1970, 1, 1), date(2199, 12, 31)),
    st.sampled_from(
        ["/x/{day}.csv", "/{day:%Y/%m/%d}/**/x?.[ab]", "/{day:%d%m%Y}", "/{day:%b %d %Y}"]
    ),
)
def test_the_day_of_a_days_path_is_the_day(day: date, template: str) -> None:
    path = path_of_day(template, day).replace("**/", "d/e/").replace("?", "1").replace("[ab]", "b")
    assert day_of_path(template, path) == day
