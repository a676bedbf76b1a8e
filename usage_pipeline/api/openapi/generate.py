"""Writes every generated file of a checkout: `python -m usage_pipeline.api.openapi.generate`.

A test holds the committed files to be those that this makes. It needs ruff, which formats them.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from usage_pipeline.api.app import create_app
from usage_pipeline.api.openapi.answer_types import python_types, typescript_types
from usage_pipeline.api.routes.topics import PREFIX
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse

CHECKOUT: Final = Path(__file__).parents[3]
_CLIENT: Final = CHECKOUT / "usage_pipeline" / "client"
# Where ruff takes the text to be, so that it knows which imports are ours.
_FILE_NAME: Final = "usage_pipeline/client/generated.py"
_ASYNC_HEAD: Final = '''"""The methods of `AsyncClient` that ask the API. Generated: do not edit.

`python -m usage_pipeline.api.openapi.generate` writes this file from `reading.py`.
"""
'''


def generated_files() -> Iterator[tuple[Path, str]]:
    """Each generated file with its text."""
    description = _description()
    types = python_types(description, PREFIX)
    yield _CLIENT / "answers.py", _formatted(types)
    reading = (_CLIENT / "reading.py").read_text(encoding="utf-8")
    yield _CLIENT / "async_reading.py", _formatted(asynchronous(reading))
    dashboard = CHECKOUT / "dashboard" / "src" / "api" / "types.ts"
    yield dashboard, typescript_types(description, PREFIX)


def asynchronous(reading: str) -> str:
    """The module `reading.py` with coroutines for what waits: all methods but those of lists."""
    _, body = reading.removeprefix('"""').split('"""', 1)
    body = re.sub(r"\b(Listing|Reading)\b", r"Async\1", body)
    body = re.sub(r"(?<=return )self\._one\(", "await self._one(", body)
    body = body.replace("self._response(", "await self._response(")
    methods = re.split(r"(?m)^    (?=def )", body)
    return _ASYNC_HEAD + "    ".join(
        method if "-> AsyncListing[" in method else method.replace("def ", "async def ", 1)
        for method in methods
    )


def _description() -> dict[str, Any]:
    # Nothing is opened: the description depends on the routes only.
    warehouse = Warehouse("postgresql://nobody@127.0.0.1:9/none")
    return create_app(Settings(_env_file=None), warehouse, is_demo=True).openapi()


def _formatted(source: str) -> str:
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", _FILE_NAME, "-"]
        source = subprocess.run(  # noqa: S603 - our own interpreter
            ruff, input=source, cwd=CHECKOUT, check=True, capture_output=True, text=True
        ).stdout
    return source


def main() -> None:
    """Write the files that are not current."""
    for file, text in generated_files():
        if file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"{file.relative_to(CHECKOUT)} is written anew.")  # noqa: T201


if __name__ == "__main__":
    main()
