"""The journey of a user, on the demo's own data: what they do lasts, and is in the warehouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.conftest import Demo


def _panel(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def _favourites(page: Page) -> list[str]:
    return page.locator(".uw-card__name").all_inner_texts()


def _add(page: Page, count: int) -> list[str]:
    """Add the first workflows of the list, one after the other."""
    rows = _panel(page, "Recent").locator("tbody tr")
    expect(rows.first).to_be_visible()
    names = [row.locator("th").inner_text() for row in rows.all()[:count]]
    for name in names:
        page.get_by_role("button", name=f"{name} is a favourite").click()
        expect(page.get_by_role("button", name=f"Rename {name}")).to_be_visible()
    return names


def test_a_user_adds_renames_and_orders_favourites_and_all_of_it_lasts(
    page: Page, demo: Demo
) -> None:
    user = demo.user(0)
    page.goto(f"/me?user={user}")
    expect(page.get_by_text("No favourites yet.")).to_be_visible()
    first, second, third = _add(page, 3)
    assert _favourites(page) == [first, second, third]

    page.get_by_role("button", name=f"Rename {second}").click()
    page.get_by_label("Your name for it").fill("Money in")
    page.get_by_label("Category").fill("Finance")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Move Money in up")).to_be_visible()

    page.get_by_role("button", name=f"Move {third} up").click()
    expect(page.locator(".uw-card__name").nth(1)).to_have_text(third)
    page.locator(".uw-card__grip").nth(2).drag_to(page.locator(".uw-card").nth(0))
    expect(page.locator(".uw-card__name").nth(0)).to_have_text("Money in")

    page.get_by_role("button", name=f"Remove {third} from favourites").click()
    expect(page.locator(".uw-card")).to_have_count(2)
    page.reload()
    expect(page.locator(".uw-card")).to_have_count(2)
    assert _favourites(page) == ["Money in", first]
    assert demo.rows(
        "select custom_name, category, usage_count > 0 from raw.workflow_favorites "
        "where user_id = %s order by position",
        user,
    ) == [("Money in", "Finance", True), (None, None, True)]


def test_a_favourite_shows_the_numbers_of_the_mart(page: Page, demo: Demo) -> None:
    user = demo.user(1)
    page.goto(f"/me?user={user}")
    (name,) = _add(page, 1)
    count = demo.rows(
        "select total_executions from marts.user_workflow_stats "
        "where user_id = %s and workflow_name = %s",
        user,
        name,
    )[0][0]
    expect(page.locator(".uw-card__numbers")).to_contain_text(
        f"Used {count:,} time{'' if count == 1 else 's'}"
    )


def test_the_list_shows_the_users_own_numbers_of_the_mart(page: Page, demo: Demo) -> None:
    user = demo.user(1)
    page.goto(f"/me?user={user}")
    page.get_by_text("Most used", exact=True).click()
    panel = _panel(page, "Most used")
    expect(panel.locator("tbody tr").first).to_be_visible()
    shown = [
        (
            row.locator("th").inner_text(),
            row.locator("td").nth(0).inner_text(),
            (row.locator(".uw-mark__rate").all_inner_texts() or ["grey"])[0],
        )
        for row in panel.locator("tbody tr").all()
    ]
    known = demo.rows(
        "select workflow_name, total_executions, success_rate, success_count + failure_count >= 5 "
        "from marts.user_workflow_stats where user_id = %s order by total_executions desc",
        user,
    )
    assert [row[1] for row in shown] == [f"{row[1]:,}" for row in known[: len(shown)]]
    assert set(shown) <= {
        (name, f"{count:,}", f"{rate:.1%}".replace("%", "\u00a0%") if enough else "grey")
        for name, count, rate, enough in known
    }


def test_a_user_saves_a_sequence_as_a_template_and_deletes_it(page: Page, demo: Demo) -> None:
    user = demo.user(2)
    page.goto(f"/me?user={user}")
    panel = _panel(page, "What you run together")
    row = panel.locator(".uw-row").first
    expect(row).to_contain_text("You often run")
    frequency = demo.rows(
        "select frequency from mining.workflow_sequence_windows "
        "where user_id = %s and window_days = 28 order by popularity_rank limit 1",
        user,
    )[0][0]
    expect(row.locator(".uw-row__under")).to_have_text(re.compile(rf"^{frequency} times?, last on"))
    row.get_by_role("button", name="Save as template").click()
    page.get_by_label("Name", exact=True).fill("Every morning")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row.get_by_text("Saved", exact=True)).to_be_visible()
    assert demo.rows("select name from raw.workflow_templates where user_id = %s", user) == [
        ("Every morning",)
    ]
    panel.get_by_role("button", name="Delete the template Every morning").click()
    expect(row.get_by_role("button", name="Save as template")).to_be_visible()


def test_a_user_dismisses_an_insight_and_takes_it_back(page: Page, demo: Demo) -> None:
    user = demo.user(3)
    page.goto(f"/me?user={user}")
    panel = _panel(page, "Insights")
    first = panel.locator("[data-insight]").first
    insight = first.get_attribute("data-insight")
    message = first.locator(".uw-insight__message").inner_text()
    state = "select message, state from mining.usage_insights where insight_id = %s"
    assert demo.rows(state, insight) == [(message, "open")]
    first.get_by_role("button", name="Dismiss").click()
    expect(panel.locator(f"[data-insight='{insight}']")).to_have_count(0)
    assert demo.rows(state, insight) == [(message, "dismissed")]
    panel.get_by_role("button", name="Undo").click()
    expect(panel.locator(f"[data-insight='{insight}']")).to_be_visible()
    assert demo.rows(state, insight) == [(message, "open")]


def test_the_rhythm_is_that_of_the_last_28_days(page: Page, demo: Demo) -> None:
    user = demo.user(1)
    page.goto(f"/me?user={user}")
    table = _panel(page, "My rhythm").locator("table.uw-heat")
    expect(table).to_be_visible()
    shown = [
        [int(cell) for cell in row.locator("td").all_text_contents()]
        for row in table.locator("tbody tr").all()
    ]
    expected = [[0] * 24 for _ in range(7)]
    for weekday, hour, count in demo.rows(
        "select extract(isodow from execution_date)::int - 1, local_hour, "
        "sum(execution_count)::int from mining.daily_hours where user_id = %s "
        "and execution_date > (select as_of_date from marts.warehouse_as_of) - 28 group by 1, 2",
        user,
    ):
        expected[weekday][hour] = count
    assert shown == expected


def test_another_user_is_found_by_name_with_the_keyboard(page: Page, demo: Demo) -> None:
    user = demo.user(4)
    name = demo.rows("select user_name from marts.users where user_id = %s", user)[0][0]
    page.goto("/me")
    box = page.get_by_role("combobox", name="User")
    box.click()
    box.fill(name)
    expect(page.get_by_role("option", name=name)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert page.url.endswith(f"/me?user={user}")


@pytest.mark.parametrize("path", ["/me", "/organisation"])
def test_a_narrow_screen_is_not_scrolled_sideways(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
