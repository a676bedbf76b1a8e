"""The pages: their tables are the code's, their links lead somewhere, and what they name exists."""

import re
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.docs.tables import TABLES, with_tables

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_PATH = re.compile(
    r"`(?P<path>(?:usage_pipeline|dbt_project|dashboard|tests|docs|\.ci)/[\w./*-]*)`"
)
_MADE_LATER = ("dashboard/node_modules",)

PAGES = sorted(
    page
    for folder in (CHECKOUT, CHECKOUT / ".github", CHECKOUT / "docs")
    for page in (folder.glob("*.md") if folder == CHECKOUT else folder.rglob("*.md"))
)


def _name(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual viewers of Markdown make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_table_that_repeats_code_is_current(page: Path) -> None:
    """`python -m tests.docs.tables` writes them."""
    text = page.read_text(encoding="utf-8")
    assert text == with_tables(text)


def test_every_table_has_one_place() -> None:
    everything = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name: everything.count(f"<!-- table: {name} -->") for name in TABLES} == dict.fromkeys(
        TABLES, 1
    )


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file_or_a_heading(page: Path) -> None:
    broken = []
    for link in _LINK.finditer(page.read_text(encoding="utf-8")):
        if link["target"].startswith(("http://", "https://")):
            continue
        path, _, anchor = link["target"].partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(link["target"])
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    paths = [match["path"] for match in _PATH.finditer(page.read_text(encoding="utf-8"))]
    assert [
        path
        for path in paths
        if not path.startswith(_MADE_LATER) and not any(CHECKOUT.glob(path.rstrip("/")))
    ] == []


def test_the_readme_names_every_room_of_the_package() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    rooms = {
        folder.name
        for folder in (CHECKOUT / "usage_pipeline").iterdir()
        if (folder / "__init__.py").exists()
    }
    assert {room for room in rooms if f"`usage_pipeline/{room}/`" not in readme} == set()
