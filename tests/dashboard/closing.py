"""Executions that are tracked in a page arrive, whatever happens to the page and its connection."""

import time
from uuid import UUID, uuid4

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.dashboard.conftest import Demo, watch
from tests.dashboard.serving import Served, Site, remove_key
from usage_pipeline.api.settings import ApiSettings
from usage_pipeline.warehouse.people.api_keys import create_key

_START = """([user, workflow]) => {
  const tracker = document.createElement("usage-tracker");
  tracker.setAttribute("user-id", user);
  tracker.setAttribute("workflow-id", workflow);
  tracker.setAttribute("status", "started");
  document.body.append(tracker);
}"""
_END = "document.querySelector('usage-tracker').setAttribute('status', 'completed')"
_WAITING = (
    "Object.keys(localStorage).filter((key) => key.startsWith('workflow-usage.queue.')).length"
)


def _reported(demo: Demo, workflow: str) -> set[str]:
    return {
        status
        for (status,) in demo.rows(
            "select status from raw.tracked_executions where source_workflow_id = %s", workflow
        )
    }


def _arrives(demo: Demo, workflow: str, wanted: set[str]) -> None:
    deadline = time.monotonic() + 15
    while (found := _reported(demo, workflow)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def _waits_for(page: Page, expression: str, wanted: object) -> None:
    """Ask again and again; the page's policy forbids the browser to do so by itself."""
    deadline = time.monotonic() + 15
    while (found := page.evaluate(expression)) != wanted:
        assert time.monotonic() < deadline, found
        page.wait_for_timeout(50)


def _start(page: Page, demo: Demo, workflow: str) -> None:
    page.goto("/organisation")
    page.add_script_tag(url="/widgets.js", type="module")
    _waits_for(page, "Boolean(customElements.get('usage-tracker'))", True)
    page.evaluate(_START, [demo.user(10), workflow])


def test_an_execution_in_a_tab_that_is_closed_is_reported_by_a_beacon(
    context: BrowserContext, demo: Demo
) -> None:
    workflow = f"closed-{uuid4()}"
    page = context.new_page()
    # Only the beacon is let through after the start: an ordinary request would prove nothing.
    _start(page, demo, workflow)
    _arrives(demo, workflow, {"started"})
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('refused')); }")
    kinds: list[str] = []
    context.on("request", lambda request: kinds.append(request.resource_type))
    page.close()
    _arrives(demo, workflow, {"started", "cancelled"})
    assert set(kinds) <= {"ping", "beacon", "other"}


def test_what_was_run_without_a_connection_arrives_with_it(
    context: BrowserContext, demo: Demo
) -> None:
    workflow = f"offline-{uuid4()}"
    page = context.new_page()  # not watched: a lost connection is an error on the console
    _start(page, demo, f"online-{uuid4()}")
    _waits_for(page, _WAITING, 0)
    page.evaluate("document.querySelector('usage-tracker').remove()")
    _waits_for(page, _WAITING, 0)
    context.set_offline(True)
    page.evaluate(_START, [demo.user(10), workflow])
    page.evaluate(_END)
    _waits_for(page, _WAITING, 2)
    assert _reported(demo, workflow) == set()
    context.set_offline(False)
    _arrives(demo, workflow, {"started", "completed"})
    _waits_for(page, _WAITING, 0)


def test_a_page_of_another_site_reports_with_a_key_when_it_is_closed(
    browser: Browser, demo: Demo
) -> None:
    user, workflow = demo.user(11), f"elsewhere-{uuid4()}"
    with demo.warehouse.connect() as connection:
        key = create_key(connection, "closing", ["track"], UUID(user))
    try:
        with Site() as site:
            settings = demo.settings.model_copy(
                update={"api": ApiSettings(cors_origins=site.address)}
            )
            with Served(settings, demo.warehouse, is_demo=False) as address:
                site.policy = f"default-src 'self'; script-src {address}; connect-src {address}"
                site.html = f"""<!doctype html><html lang="en"><head><title>Host</title>
                    <script type="module" src="{address}/widgets.js"></script></head><body>
                    <usage-tracker base-url="{address}" user-id="{user}" access-key="{key}"
                        workflow-id="{workflow}" status="started"></usage-tracker></body></html>"""
                context = browser.new_context()
                watched = watch(context.new_page())
                watched.page.goto(site.address)
                _arrives(demo, workflow, {"started"})
                _waits_for(watched.page, _WAITING, 0)
                watched.page.close()
                _arrives(demo, workflow, {"started", "cancelled"})
                context.close()
    finally:
        with demo.warehouse.connect() as connection:
            remove_key(connection, "closing")


def test_a_favourite_is_moved_with_the_keyboard_alone(page: Page, demo: Demo) -> None:
    page.goto(f"/me?user={demo.user(10)}")
    for row in (0, 1):
        page.locator(".uw-star").nth(row).click()
        expect(page.locator(".uw-card")).to_have_count(row + 1)
    names = page.locator(".uw-card__name").all_inner_texts()
    button = page.get_by_role("button", name=f"Move {names[1]} up")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".uw-card__name")).to_have_text([names[1], names[0]])
    expect(button).to_be_focused()
    expect(page.get_by_text(f"{names[1]} is now number 1 of 2.")).to_be_attached()
