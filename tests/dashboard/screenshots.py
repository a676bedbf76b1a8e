"""Makes the pictures of the documentation from a running demo.

usage-pipeline demo && usage-pipeline api
python -m tests.dashboard.screenshots [http://127.0.0.1:8000]
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
_API = "/api/v1/workflow-usage"
_FAVOURITES = 4


def main(address: str) -> None:
    """Take a picture of each page."""
    user = _richest_user(address)
    for workflow in _get(address, f"/user/{user}?order=use&limit={_FAVOURITES}")["items"]:
        _post(address, f"/user/{user}/favorites", {"workflow_id": workflow["workflow_id"]})
    worst = _get(address, "/success-rates?limit=1")["items"][0]["workflow_id"]
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        for name, path, theme in (
            ("me", f"/me?user={user}", "light"),
            ("organisation", f"/organisation?user={user}", "dark"),
            ("workflow", f"/workflow/{worst}?user={user}", "light"),
        ):
            _picture(browser, address + path, theme, IMAGES / f"{name}.png")
        browser.close()


def _picture(browser: Browser, address: str, theme: str, target: Path) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1060},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target)
    context.close()


def _richest_user(address: str) -> str:
    """Of the busiest users the one with most to see."""
    users = [user["user_id"] for user in _get(address, "/users?limit=20")["items"]]

    def seen(user: str) -> int:
        found = (f"/user/{user}/insights", f"/sequences/{user}?window=28", f"/user/{user}/patterns")
        return sum(min(4, len(_get(address, path)["items"])) for path in found)

    return str(max(users, key=seen))


def _get(address: str, path: str) -> Any:
    with urlopen(address + _API + path, timeout=30) as answer:  # noqa: S310 - the demo's address
        return json.load(answer)


def _post(address: str, path: str, body: dict[str, str]) -> None:
    request = Request(  # noqa: S310 - the demo's address
        address + _API + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30):  # noqa: S310 - the demo's address
        pass


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["http://127.0.0.1:8000"]))
