"""Sentences of pages, docstrings and comments begin with their subject."""

import re
import tokenize
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.docs.test_pages import PAGES

_RIDDLE = re.compile(
    r"(?:^|[.!] |\"\"\"|#: |# |[-*|] )(?:Of|What|Whose) [a-z][^?\n]*?(?=[.:;|]|$)(?!.*\?)", re.M
)
_MODULES = sorted((CHECKOUT / "usage_pipeline").rglob("*.py"))


def prose(path: Path) -> str:
    """The comments and texts of a module, each on lines of its own; a page without its code."""
    if path.suffix == ".md":
        return re.sub(
            r"^```.*?^```$|^#.*?$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S
        )
    with path.open("rb") as file:
        return "\n".join(
            token.string
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.COMMENT or token.string.startswith('"""')
        )


def test_no_sentence_begins_with_what_it_is_not_about() -> None:
    """A clause such as "What was run" keeps the reader waiting for a subject."""
    riddles = {
        str(path.relative_to(CHECKOUT)): sentences
        for path in (*PAGES, *_MODULES)
        if (sentences := _RIDDLE.findall(prose(path)))
    }
    assert riddles == {}
