"""Every number on every page has its definition one hover, or one Tab, away."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Demo

# Names, what a row or a column of numbers is for (a day, an hour), and words that say over which
# days is counted. Everything else with a digit is a number that somebody may ask about.
_NO_NUMBERS = (
    ".uw-name, .uw-quoted, .uw-row__title, .uw-card__under, .uw-box__name, svg title, h1 bdi, "
    "option, .uw-readout > b, th[scope=row], .uw-heat thead, .uw-panel__about, .uw-choice, "
    ".uw-empty, .uw-pager, .uw-when, [role=tooltip], [role=option] bdi, script, style"
)
_UNDEFINED = """
(skipped) => {
  const has = (element) => Boolean(element && element.querySelector("[data-definition]"));
  const isDefined = (element) => {
    if (element.closest("[data-definition]")) return true;
    if (element.closest("[role=option]")) return has(element.closest(".app-picker__list"));
    if (element.matches(".uw-axis")) {
      return has(element.closest("figure").querySelector(".uw-legend"));
    }
    const cell = element.closest("td, dd");
    if (!cell) return false;
    if (cell.matches("dd")) {
      return !element.closest(".figures__under") && has(cell.parentElement.querySelector("dt"));
    }
    const table = cell.closest("table");
    if (table.matches(".uw-heat")) {
      return has(table.closest(".uw-panel").querySelector(".uw-panel__title"));
    }
    return has(table.tHead.rows[0].cells[cell.cellIndex]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = { numbers: 0, undefined: [] };
  while (walker.nextNode()) {
    const { data, parentElement: element } = walker.currentNode;
    if (!/\\p{N}/u.test(data) || element.closest(skipped)) continue;
    found.numbers += 1;
    if (!isDefined(element)) found.undefined.push(`${element.className}: ${data}`);
  }
  return found;
}
"""
_NAMES = (
    "[...new Set([...document.querySelectorAll('[data-definition]')]"
    ".filter((e) => e.checkVisibility()).map((e) => e.dataset.definition))]"
)


def _undefined(page: Page) -> list[str]:
    found = page.evaluate(_UNDEFINED, _NO_NUMBERS)
    assert found["numbers"] > 20
    return list(found["undefined"])


def _open_everything(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _read_every_chart(page: Page) -> None:
    """Walk into each picture, so that what it tells of one bar is on the page."""
    for picture in page.locator("main .uw-chart [tabindex='0']").all():
        picture.focus()
        page.keyboard.press("ArrowRight")
        assert _undefined(page) == []
    for ribbon in page.locator(".uw-ribbon").all()[:1]:
        ribbon.dispatch_event("pointerover")
        assert _undefined(page) == []


def _check(page: Page, demo: Demo, path: str, least: int) -> None:
    """Open a page: each number has a definition, and each definition is the warehouse's comment."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    _open_everything(page)
    assert _undefined(page) == []
    names = page.evaluate(_NAMES)
    _read_every_chart(page)
    known = _comments(demo)
    assert len(names) >= least
    for name in names:
        word = page.locator(f"[data-definition='{name}']:visible").first
        note = word.locator(".uw-mark").count()
        word.focus()
        tip = page.get_by_role("tooltip")
        expect(tip).to_have_count(1)
        text = tip.text_content() or ""
        assert text.endswith(known[name]) if note else text == known[name], name
        page.keyboard.press("Escape")
        expect(tip).to_have_count(0)
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        word.hover()
        expect(tip).to_have_text(text)
        page.mouse.move(0, 0)


def _comments(demo: Demo) -> dict[str, str]:
    rows: list[Any] = demo.rows(
        "select attrelid::regclass::text, attname, col_description(attrelid, attnum) "
        "from pg_attribute where attnum > 0 and col_description(attrelid, attnum) is not null"
    )
    return {f"{table.rsplit('.', 1)[-1]}.{column}": text for table, column, text in rows}


def test_every_number_about_a_user_has_its_definition(page: Page, demo: Demo) -> None:
    user = demo.user(9)
    page.goto(f"/me?user={user}")
    for row in (0, 1):
        page.locator(".uw-star").nth(row).click()
    expect(page.locator(".uw-card")).to_have_count(2)
    _check(page, demo, f"/me?user={user}", 20)


def test_every_number_about_the_organisation_has_its_definition(page: Page, demo: Demo) -> None:
    _check(page, demo, "/organisation", 25)


def test_every_number_about_a_workflow_has_its_definition(page: Page, demo: Demo) -> None:
    workflow = demo.rows("select workflow_id from marts.popular_workflows order by 1 limit 1")[0][0]
    _check(page, demo, f"/workflow/{workflow}", 18)


def test_a_definition_can_be_pointed_at_and_closed_without_moving(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/organisation")
    word = page.get_by_role("region", name="Most used").get_by_role("button", name="Users")
    word.hover()
    tip = page.get_by_role("tooltip")
    expect(tip).to_be_visible()
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)


def test_every_number_of_the_list_of_users_has_its_definition(page: Page, demo: Demo) -> None:
    page.goto("/organisation")
    page.get_by_role("combobox", name="User").click()
    expect(page.get_by_role("option").first).to_be_visible()
    _open_everything(page)
    assert _undefined(page) == []
    described = page.get_by_role("combobox", name="User").evaluate(
        "box => document.getElementById(box.getAttribute('aria-describedby')).textContent"
    )
    assert _comments(demo)["users.execution_count"] in described


def test_a_number_without_a_definition_is_found(page: Page, demo: Demo) -> None:
    page.goto(f"/me?user={demo.user(9)}")
    _open_everything(page)
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p class=new>4.2 s</p>')"
    )
    assert _undefined(page) == ["new: 4.2 s"]


def test_every_number_in_the_evidence_of_insights_is_a_column_with_a_definition(demo: Demo) -> None:
    known = _comments(demo)
    insights = demo.rows(
        "select distinct key from mining.usage_insights, jsonb_each(evidence) "
        "where jsonb_typeof(value) = 'number'"
    )
    patterns = demo.rows(
        "select distinct key from mining.usage_patterns, jsonb_each(evidence) "
        "where jsonb_typeof(value) = 'number'"
    )
    assert len(insights) > 5
    assert patterns
    assert [key for (key,) in insights if not known.get(f"insight_evidence.{key}")] == []
    assert [
        key
        for (key,) in patterns
        if not known.get(f"pattern_evidence.{key}") and not known.get(f"usage_patterns.{key}")
    ] == []
