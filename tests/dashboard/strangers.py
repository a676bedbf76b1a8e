"""Guests that try the pages: hostile names, ten thousand workflows, keys, other sites."""

import re
from uuid import UUID

from playwright.sync_api import Browser, Page, expect

from tests.dashboard.conftest import Demo, watch
from tests.dashboard.filling import BUSY_USER, HOSTILE_NAMES, HOSTILE_USER, MANY_WORKFLOWS
from tests.dashboard.serving import Served, Site, remove_key
from usage_pipeline.api.settings import ApiSettings
from usage_pipeline.warehouse.people.api_keys import create_key

_TASKS = """
() => { window.longest = 0;
  new PerformanceObserver((list) => list.getEntries().forEach(
    (task) => { window.longest = Math.max(window.longest, task.duration); }
  )).observe({ type: "longtask", buffered: true }); }
"""
_JANK_MS = 500  # on a busy machine of two cores; a few dozen where it is idle


def test_hostile_names_are_shown_as_text_on_every_page(page: Page, demo: Demo) -> None:
    user = demo.user_named(HOSTILE_USER)
    page.goto(f"/me?user={user}")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE_USER)
    for name in (HOSTILE_NAMES[0], HOSTILE_NAMES[1], HOSTILE_NAMES[3], HOSTILE_NAMES[4]):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    page.get_by_role("button", name=f"{HOSTILE_NAMES[0]} is a favourite").click()
    expect(page.locator(".uw-card__name")).to_have_text(HOSTILE_NAMES[0])
    page.locator(".uw-card").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE_NAMES[0])
    page.goto("/organisation")
    expect(page.get_by_role("heading", level=1)).to_have_text("Organisation")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script").count() == 0


def test_a_name_cannot_turn_the_writing_around_or_break_the_page(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/me?user={demo.user_named(HOSTILE_USER)}")
    expect(page.get_by_role("link", name="x" * 79).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "\u202e" not in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_ten_thousand_workflows_are_turned_over_without_jank(page: Page, demo: Demo) -> None:
    page.add_init_script(f"({_TASKS})()")
    page.goto(f"/me?user={demo.user_named(BUSY_USER)}")
    panel = page.get_by_role("region", name="Recent", exact=True)
    seen: set[str] = set()
    for turn in range(1, 6):
        expect(panel.get_by_text(f"Page {turn}", exact=True)).to_be_visible()
        expect(panel.locator("tbody tr")).to_have_count(10)
        seen.update(panel.locator("tbody th").all_inner_texts())
        panel.get_by_role("button", name="Next").press("Enter")
        expect(panel.get_by_role("button", name="Next")).to_be_focused()
    assert len(seen) == 50
    assert page.evaluate("document.querySelectorAll('*').length") < 4_000
    assert page.evaluate("window.longest") < _JANK_MS
    counted = demo.rows(
        "select count(*) from marts.user_workflow_stats where user_id = %s",
        demo.user_named(BUSY_USER),
    )
    assert counted == [(MANY_WORKFLOWS,)]


def test_one_of_ten_thousand_workflows_is_found_by_its_name(page: Page, demo: Demo) -> None:
    page.add_init_script(f"({_TASKS})()")
    page.goto(f"/me?user={demo.user_named(BUSY_USER)}")
    panel = page.get_by_role("region", name="Recent", exact=True)
    box = panel.get_by_role("searchbox", name="Find one of these workflows by name")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    box.press_sequentially("NUMBER 987", delay=20)
    rows = panel.locator("tbody th")
    expect(rows).to_have_count(10)
    expect(rows.filter(has_text="Workflow number 987")).to_have_count(10)
    # The box waits until the typing stops, and keeps the focus while rows change under it.
    assert len([url for url in asked if "search=" in url]) <= 3
    expect(box).to_be_focused()
    panel.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(1)
    box.fill("no such workflow")
    said = panel.get_by_text("No workflow here has \u201cno such workflow\u201d in its name.")
    expect(said).to_be_visible()
    expect(said).to_have_role("status")
    box.fill("")
    expect(rows).to_have_count(10)
    assert page.evaluate("window.longest") < _JANK_MS


def test_the_lists_of_the_organisation_are_narrowed_down_each_by_itself(
    page: Page, demo: Demo
) -> None:
    page.goto("/organisation")
    name = demo.rows(
        "select workflow_name from marts.popular_workflows join marts.warehouse_as_of "
        "using (as_of_date) order by popularity_rank desc limit 1"
    )[0][0]
    panel = page.get_by_role("region", name="Most used", exact=True)
    panel.get_by_role("searchbox").fill(name.upper())
    expect(panel.locator("tbody th")).to_have_text([name])
    for title in ("Reliability", "Abandoned"):
        other = page.get_by_role("region", name=title, exact=True)
        before = other.locator("tbody th").first.inner_text()
        other.get_by_role("searchbox").fill("no such workflow")
        expect(other.get_by_text("No workflow here has")).to_be_visible()
        other.get_by_role("searchbox").fill(before)
        expect(other.locator("tbody th").first).to_have_text(before)
    expect(panel.locator("tbody th")).to_have_text([name])


def test_a_server_with_keys_asks_for_one_and_forgets_it_with_the_tab(
    browser: Browser, demo: Demo
) -> None:
    with demo.warehouse.connect() as connection:
        key = create_key(connection, "browser", ["read:all"])
    try:
        with Served(demo.settings, demo.warehouse, is_demo=False) as address:
            context = browser.new_context(base_url=address)
            page = context.new_page()
            page.goto("/organisation")
            page.get_by_label("Access key or token").fill("wrong")
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_role("alert")).to_be_visible()
            page.get_by_label("Access key or token").fill(key)
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Organisation")
            page.reload()
            expect(page.get_by_role("heading", level=1)).to_have_text("Organisation")
            assert page.evaluate("Object.values(localStorage).join()").find(key) == -1
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Access key or token")).to_be_visible()
            context.close()
    finally:
        with demo.warehouse.connect() as connection:
            remove_key(connection, "browser")


def test_the_dashboard_works_below_a_path_of_a_proxy(browser: Browser, demo: Demo) -> None:
    api = ApiSettings(base_path="/team/usage")
    settings = demo.settings.model_copy(update={"api": api})
    with Served(settings, demo.warehouse, is_demo=True) as origin:
        context = browser.new_context()
        watched = watch(context.new_page())
        page = watched.page
        page.goto(f"{origin}/team/usage/")
        page.get_by_role("link", name="Organisation").click()
        expect(page).to_have_url(re.compile(r"/team/usage/organisation"))
        page.locator("a.uw-name").first.click()
        expect(page).to_have_url(re.compile(r"/team/usage/workflow/"))
        heading = page.get_by_role("heading", level=1)
        expect(heading).not_to_have_text("Organisation")
        name = heading.inner_text()
        page.reload()
        expect(heading).to_have_text(name)
        page.go_back()
        expect(heading).to_have_text("Organisation")
        assert watched.complaints == []
        context.close()


def test_another_site_shows_the_widgets_as_elements_under_a_strict_policy(
    browser: Browser, demo: Demo
) -> None:
    user = demo.user(5)
    workflow = demo.rows(
        "select workflow_id from marts.workflow_success_rates "
        "join marts.warehouse_as_of using (as_of_date) where reliability = 'red' limit 1"
    )[0][0]
    with demo.warehouse.connect() as connection:
        key = create_key(connection, "elements", ["read:self"], UUID(user))
    with Site() as site:
        api = ApiSettings(cors_origins=site.address, base_path="/usage")
        settings = demo.settings.model_copy(update={"api": api})
        with Served(settings, demo.warehouse, is_demo=False) as origin:
            site.policy = f"default-src 'self'; script-src {origin}; connect-src {origin}"
            address = f"{origin}/usage"
            shared = f'base-url="{address}" user-id="{user}" access-key="{key}"'
            site.html = f"""<!doctype html><html lang="en"><head><title>Host</title>
                <script type="module" src="{address}/widgets.js"></script></head><body><main>
                <usage-my-workflows {shared} can-run></usage-my-workflows>
                <usage-sequences {shared} window="28"></usage-sequences>
                <usage-insights {shared}></usage-insights>
                <usage-workflow-success {shared} workflow-id="{workflow}"></usage-workflow-success>
                </main></body></html>"""
            context = browser.new_context()
            watched = watch(context.new_page())
            _use_elements(watched.page, site.address, demo)
            assert watched.complaints == []
            context.close()
    with demo.warehouse.connect() as connection:
        remove_key(connection, "elements")


def _use_elements(page: Page, address: str, demo: Demo) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name="Insights")).to_be_visible()
    expect(page.get_by_text("You often run").first).to_be_visible()
    page.get_by_role("button", name="is a favourite").first.click()
    card = page.locator(".uw-card").first
    expect(card).to_be_visible()
    assert card.evaluate("card => getComputedStyle(card).borderRadius") == "8px"
    page.evaluate("document.body.style.setProperty('--usage-radius', '3px')")
    assert card.evaluate("card => getComputedStyle(card).borderRadius") == "3px"
    rate = page.locator("usage-workflow-success").get_by_role("button")
    expect(rate).to_contain_text(re.compile(r"[\d.]+\s%"))
    rate.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Fails often.success / (success + failure)")
    page.keyboard.press("Escape")
    ran = page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("usage-run-workflow", (e) => done(e.detail.workflowId));
            document.querySelector("usage-my-workflows").shadowRoot
                .querySelector("[aria-label^='Run ']").click();
        })"""
    )
    assert demo.rows("select 1 from marts.workflows where workflow_id = %s", ran)
