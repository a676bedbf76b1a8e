"""axe-core finds nothing, on every page, in light and dark, wide and narrow, with a dialog open."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.dashboard.conftest import Demo

_AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
_WIDE, _NARROW = (1280, 900), (360, 740)


@pytest.fixture(scope="module")
def axe() -> str:
    """The rules of accessibility, as they come with the dashboard's packages."""
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed: cd dashboard && npm ci")
    return _AXE.read_text(encoding="utf-8")


def _violations(page: Page, axe: str) -> list[str]:
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [_WIDE, _NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", ["/me", "/organisation", "workflow"])
def test_a_page_has_no_fault(
    browser: Browser, demo: Demo, axe: str, path: str, size: tuple[int, int], theme: str
) -> None:
    context = browser.new_context(
        base_url=demo.address,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if path == "workflow":
        found = demo.rows("select workflow_id from marts.popular_workflows limit 1")[0][0]
        path = f"/workflow/{found}"
    page.goto(f"{path}?user={demo.user(6)}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert _violations(page, axe) == []
    context.close()


def test_what_opens_has_no_fault(page: Page, demo: Demo, axe: str) -> None:
    page.goto(f"/me?user={demo.user(7)}")
    page.get_by_role("button", name="is a favourite").first.click()
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert _violations(page, axe) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("combobox", name="User").click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert _violations(page, axe) == []
    page.keyboard.press("Escape")
    page.locator("[data-definition]").first.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()
    assert _violations(page, axe) == []


def test_what_unfolds_and_what_is_not_found_has_no_fault(page: Page, demo: Demo, axe: str) -> None:
    page.goto(f"/me?user={demo.user(7)}")
    together = page.get_by_role("region", name="What you run together", exact=True)
    together.get_by_role("button", name="Save as template").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert _violations(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_text("Numbers behind it").first.click()
    page.locator(".uw-heat").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("searchbox").fill("no such workflow")
    expect(page.get_by_text("No workflow here has")).to_be_visible()
    assert _violations(page, axe) == []
    page.goto("/organisation")
    page.get_by_text("Show as a table").first.click()
    page.get_by_role("img", name="Executions a day").focus()
    page.keyboard.press("End")
    expect(page.locator(".uw-readout").first).to_contain_text("succeeded")
    assert _violations(page, axe) == []


def test_loading_and_problems_have_no_fault(context: BrowserContext, demo: Demo, axe: str) -> None:
    page = context.new_page()  # not watched: a refused request is an error on the console
    held: list[Route] = []
    page.route(re.compile(r"/(insights|patterns)\?"), lambda route: held.append(route))
    page.goto(f"/me?user={demo.user(7)}")
    expect(page.get_by_role("status", name="Loading insights")).to_be_visible()
    expect(page.get_by_role("status", name="Loading habits")).to_be_visible()
    page.evaluate(axe)
    assert page.evaluate("axe.run(document).then((found) => found.violations)") == []
    for route in held:
        route.fulfill(status=503, json={"detail": "The warehouse is being restarted."})
    expect(page.get_by_text("The warehouse is being restarted.")).to_have_count(2)
    assert page.evaluate("axe.run(document).then((found) => found.violations)") == []
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("The warehouse is being restarted.")).to_have_count(1)


def test_everything_is_reached_with_the_keyboard(page: Page, demo: Demo) -> None:
    page.goto(f"/me?user={demo.user(8)}")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    wanted = page.locator("button:visible, a[href]:visible, summary:visible").count()
    reached = set()
    for _ in range(wanted + 60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('button, a[href], summary')]"
                ".indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) >= wanted - 2


def test_the_chosen_colours_hold_for_the_next_visit(page: Page) -> None:
    page.goto("/me")
    page.get_by_role("button", name="Use dark colours").click()
    page.reload()
    expect(page.get_by_role("button", name="Use light colours")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
