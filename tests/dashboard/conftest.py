"""A demo warehouse behind the real API, and the system's Chromium in front of it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import RunDbt, _fresh_database
from tests.dashboard.filling import BUSY_USER, HOSTILE_USER, fill
from tests.dashboard.serving import Served
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer

# Tests that test_browser.py takes in have asserts that explain themselves, too.
_MODULES = (
    "accessibility", "analyst_journey", "closing", "definitions", "numbers", "strangers",
    "user_journey",
)  # fmt: skip
for _module in _MODULES:
    pytest.register_assert_rewrite(f"tests.dashboard.{_module}")

BROWSER_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
_USERS = """
select users.user_id
from marts.users
where user_name <> all (%s)
    and (
        select count(*) from mining.usage_insights
        where user_id = users.user_id and state = 'open'
    ) >= 2
    and exists (
        select from mining.workflow_sequence_windows
        where user_id = users.user_id and window_days = 28
    )
order by execution_count desc, user_id
"""


@dataclass(frozen=True)
class Demo:
    """A demo warehouse and where its dashboard is."""

    warehouse: Warehouse
    settings: Settings
    address: str

    def rows(self, query: LiteralString, *values: object) -> list[Any]:
        """What the warehouse itself says."""
        with self.warehouse.connect() as connection:
            return connection.execute(query, values).fetchall()

    def user(self, number: int) -> str:
        """One of the users with insights and sequences; a test that changes things has its own."""
        return str(self.rows(_USERS, [BUSY_USER, HOSTILE_USER])[number][0])

    def user_named(self, name: str) -> str:
        """The user of a name."""
        return str(self.rows("select user_id from marts.users where user_name = %s", name)[0][0])


@dataclass
class Watched:
    """A page, and everything that it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium on the PATH: apt-get install chromium runs the tests in a browser")
    return found


@pytest.fixture(scope="session")
def demo(
    chromium: str,
    server: EmbeddedServer,
    migrated: str,
    dbt_on: RunDbt,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Demo]:
    """Eight weeks of executions, loaded, built and mined, behind the API."""
    for warehouse in _fresh_database(server, migrated):
        folder = tmp_path_factory.mktemp("dashboard")
        settings = Settings(home=folder / "home", database_url=warehouse.url, _env_file=None)
        fill(warehouse, settings, folder, dbt_on)
        with Served(settings, warehouse, is_demo=True) as address:
            yield Demo(warehouse, settings, address)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests; each has a context of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, demo: Demo) -> Iterator[BrowserContext]:
    """A fresh profile on the dashboard."""
    context = browser.new_context(
        base_url=demo.address, viewport={"width": 1280, "height": 900}, color_scheme="light"
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that may not complain: no error, no warning, nothing that its policy forbids."""
    watched = watch(context.new_page())
    yield watched.page
    assert watched.complaints == []


def watch(page: Page) -> Watched:
    """Listen to what a page complains of; a violated policy is an error on the console."""
    watched = Watched(page)
    page.on("pageerror", lambda error: watched.complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            watched.complaints.append(f"{message.type}: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    return watched
