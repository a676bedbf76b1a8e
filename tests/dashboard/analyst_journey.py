"""The journey of an analyst: what the screen says is what the marts say."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.dashboard.conftest import Demo

_DASH = "\u2013"


def _panel(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def _rows(panel: Locator) -> list[list[str]]:
    """The cells of a table's body, without the spaces that only look different."""
    rows = panel.locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [
        [re.sub(r"\s+", " ", text).strip() for text in row.locator("th, td").all_inner_texts()]
        for row in rows.all()
    ]


def _percent(fraction: float) -> str:
    return f"{fraction:.1%}".replace("%", " %")


def test_the_most_used_workflows_are_those_of_the_mart(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    shown = [(r[0], r[1], r[3], r[5], r[6], r[7], r[8]) for r in _rows(_panel(page, "Most used"))]
    assert shown == [
        (
            name,
            f"{rank}",
            f"{total:,}",
            f"{users:,}",
            f"{people:,}",
            f"{machines:,}",
            _percent(rate),
        )
        for name, rank, total, users, people, machines, rate in demo.rows(
            "select workflow_name, popularity_rank, total_executions, unique_users, "
            "people_execution_count, machine_execution_count, success_rate "
            "from marts.popular_workflows join marts.warehouse_as_of using (as_of_date) "
            "order by popularity_rank limit 10"
        )
    ]


def test_reliability_has_the_rates_and_bounds_of_the_mart(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    known = {
        name: (_percent(rate), f"{_percent(low)} {_DASH} {_percent(high)}", f"{size:,}")
        for name, rate, low, high, size in demo.rows(
            "select workflow_name, success_rate, success_rate_lower, success_rate_upper, "
            "sample_size from marts.workflow_success_rates "
            "join marts.warehouse_as_of using (as_of_date) where reliability <> 'grey'"
        )
    }
    panel = _panel(page, "Reliability")
    shown = _rows(panel)
    assert len(shown) == 10
    for name, rate, _, bounds, size, *_ in shown:
        assert (rate.split("\n")[0].rsplit("%", 1)[0] + "%", bounds, size) == known[name]
    labels = panel.get_by_role("img").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert all(re.fullmatch(r"[\d.]+\s%, between [\d.]+\s% and [\d.]+\s%", x) for x in labels)


def test_abandoned_workflows_are_those_of_the_mart(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    expected = {
        (name, f"{users:,}", f"{tries:.1f}")
        for name, users, tries in demo.rows(
            "select workflow_name, users_who_abandoned, avg_tries_before_abandon "
            "from marts.abandoned_workflows"
        )
    }
    assert expected
    assert {(row[0], row[1], row[2]) for row in _rows(_panel(page, "Abandoned"))} == expected


def test_the_daily_executions_are_those_of_the_mart(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    panel = _panel(page, "Executions a day")
    panel.get_by_text("Show as a table").click()
    shown = [[int(cell.replace(",", "")) for cell in row[1:]] for row in _rows(panel)]
    assert shown == [
        list(row)
        for row in demo.rows(
            "select sum(success_count)::int, sum(failure_count)::int, sum(cancelled_count)::int, "
            "sum(open_count)::int from marts.workflow_daily_usage "
            "group by execution_date order by execution_date"
        )
    ]


def test_a_bar_is_read_with_the_arrow_keys(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    panel = _panel(page, "Executions a day")
    panel.get_by_role("img").focus()
    page.keyboard.press("End")
    count = demo.rows(
        "select sum(success_count)::int from marts.workflow_daily_usage "
        "where execution_date = (select as_of_date from marts.warehouse_as_of)"
    )[0][0]
    expect(panel.locator(".uw-readout")).to_contain_text(f"28 Jun 2026succeeded {count:,}")


def test_a_number_has_its_definition_from_the_mart_on_focus(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    word = _panel(page, "Most used").get_by_role("button", name="Users")
    word.focus()
    comment = demo.rows(
        "select col_description('marts.popular_workflows'::regclass, attnum) from pg_attribute "
        "where attrelid = 'marts.popular_workflows'::regclass and attname = 'unique_users'"
    )[0][0]
    assert comment
    expect(page.get_by_role("tooltip")).to_have_text(comment)
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)


def test_from_the_list_to_a_workflow_and_back(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    first = _panel(page, "Most used").locator("tbody tr").first.get_by_role("link")
    name = first.inner_text()
    first.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("main")).to_be_focused()
    row = demo.rows(
        "select total_executions, failure_count, unique_users, success_rate "
        "from marts.workflow_success_rates join marts.warehouse_as_of using (as_of_date) "
        "where workflow_name = %s",
        name,
    )[0]
    figures = page.locator(".figures")
    for title, value in zip(
        ("Executions", "Failed", "Users", "Success"),
        (f"{row[0]:,}", f"{row[1]:,}", f"{row[2]:,}", _percent(row[3]).replace(" ", "\u00a0")),
        strict=True,
    ):
        figure = figures.locator("div", has=page.get_by_text(title, exact=True)).first
        expect(figure.locator(".figures__value")).to_contain_text(value)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Organisation")


def _workflow(page: Page, demo: Demo) -> str:
    """Open the page of the workflow that is run most."""
    workflow = demo.rows(
        "select workflow_id from marts.popular_workflows "
        "join marts.warehouse_as_of using (as_of_date) where popularity_rank = 1"
    )[0][0]
    page.goto(f"/workflow/{workflow}")
    return str(workflow)


def test_what_runs_before_and_after_is_what_was_mined(page: Page, demo: Demo) -> None:
    workflow = _workflow(page, demo)
    panel = _panel(page, "Before and after")
    expect(panel.locator("svg.uw-flow, svg[role=img]").first).to_be_visible()
    shown = [
        [re.sub(r"\s+", " ", row).strip() for row in rows.locator("li").all_inner_texts()]
        for rows in panel.locator(".neighbours").all()
    ]
    since = (
        "and execution_date > (select as_of_date from marts.warehouse_as_of) - 28 "
        "group by 1 order by 2 desc, 1"
    )
    before = demo.rows(
        "select workflow_name, sum(transition_count)::int from mining.daily_transitions "
        "join marts.workflows on workflow_id = from_workflow_id where to_workflow_id = %s " + since,
        workflow,
    )
    after = demo.rows(
        "select workflow_name, sum(transition_count)::int from mining.daily_transitions "
        "join marts.workflows on workflow_id = to_workflow_id where from_workflow_id = %s " + since,
        workflow,
    )
    assert before
    assert after
    for side, known in zip(shown, (before, after), strict=True):
        assert [int(row.rsplit(" ", 1)[1].replace(",", "")) for row in side] == [
            count for _, count in known[:10]
        ]
        assert set(side) <= {f"{name} {count:,}" for name, count in known}


def test_the_users_of_a_workflow_are_those_of_the_marts(page: Page, demo: Demo) -> None:
    workflow = _workflow(page, demo)
    weeks = _panel(page, "Users a week")
    weeks.get_by_text("Show as a table").click()
    assert [[int(cell) for cell in row[1:]] for row in _rows(weeks)] == [
        list(row)
        for row in demo.rows(
            "select returning_users::int, new_users::int, resurrected_users::int "
            "from marts.workflow_lifecycle where workflow_id = %s order by week_start_date",
            workflow,
        )
    ]
    days = _panel(page, "Users a day")
    days.get_by_text("Show as a table").click()
    assert [int(row[1]) for row in _rows(days) if row[1] != "0"] == [
        users
        for (users,) in demo.rows(
            "select unique_users::int from marts.workflow_daily_usage "
            "where workflow_id = %s order by execution_date",
            workflow,
        )
    ]


def test_shared_sequences_are_those_that_were_mined(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    panel = _panel(page, "Run together by several users")
    shown = [(int(row[1]), int(row[2].replace(",", ""))) for row in _rows(panel)]
    assert shown == demo.rows(
        "select user_count::int, support::int from mining.popular_sequences "
        "order by user_count desc, support desc limit 8"
    )
    assert panel.locator(".uw-ribbon").count() >= len(shown)


def test_an_unknown_workflow_is_told_in_a_sentence(page: Page) -> None:
    complaints: list[str] = []
    page.on("response", lambda answer: complaints.append(f"{answer.status} {answer.url}"))
    for path in ("/nowhere/at/all", "/workflow/%E0%A4%A"):
        page.goto(path)
        expect(page.get_by_text("There is no such page.")).to_be_visible()
    assert all(entry.startswith(("200", "304")) for entry in complaints), complaints
