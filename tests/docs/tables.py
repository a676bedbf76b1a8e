"""The tables of the pages that repeat code, made from that code.

    python -m tests.docs.tables

writes them into README.md and docs/, each between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import inspect
import re
from collections.abc import Callable, Iterator

import typer

from tests.conftest import CHECKOUT
from usage_pipeline.cli.main import app
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import settings_table

_MARKED = re.compile(r"(<!-- table: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def commands() -> str:
    """Every command with the first sentences of its help."""
    group = typer.main.get_command(app)
    lines = ["| command | what it does |", "|---|---|"]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        for path, each in sorted(inner.items()) if inner else [("", command)]:
            text = " ".join((inspect.getdoc(each.callback) or "").split("\n\n")[0].split())
            lines.append(f"| `{f'{name} {path}'.strip()}` | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    """Every exit code of the command, from the errors that cause them."""
    lines = ["| code | meaning |", "|---|---|", "| 0 | Done. |"]
    lines.append(f"| {UsageError.exit_code} | A run or a check failed; a sentence says why. |")
    for error in _kinds(UsageError):
        meaning = (inspect.getdoc(error) or "").splitlines()[0]
        lines.append(f"| {error.exit_code} | {meaning} |")
    lines += ["| 130 | Interrupted by Ctrl-C. |", "| 143 | Interrupted by SIGTERM. |"]
    return "\n".join(lines) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "exit codes": exit_codes,
    "settings": settings_table,
}


def with_tables(page: str) -> str:
    """The text of a page with every marked table made anew."""
    return _MARKED.sub(lambda part: part[1] + TABLES[part["name"]]() + part[3], page)


def _kinds(base: type[UsageError]) -> Iterator[type[UsageError]]:
    """The errors with a code of their own; those of other modules share their base's."""
    for kind in base.__subclasses__():
        if kind.__module__ == base.__module__:
            yield kind
            yield from _kinds(kind)


def main() -> None:
    """Write every table where it is marked."""
    for page in [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        page.write_text(with_tables(text), encoding="utf-8")


if __name__ == "__main__":
    main()
