"""SQL assembled from text is an error of the linter, everywhere in the package."""

import subprocess
import sys

from tests.conftest import CHECKOUT

_RULE = "S608"


def _found(code: str) -> str:
    # As if it were a file of the package: what is ignored for tests is not ignored there.
    return subprocess.run(
        [
            sys.executable, "-m", "ruff", "check", "--output-format", "concise",
            "--stdin-filename", "usage_pipeline/warehouse/made_up.py", "-",
        ],
        input=code,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        check=False,
    ).stdout  # fmt: skip


def test_the_linter_refuses_sql_made_of_text() -> None:
    assert _RULE in _found("def find(name: str) -> str:\n    return f'select * from {name}'\n")
    assert _RULE not in _found("STATEMENT = 'select 1'\n")


def test_a_line_that_is_excused_from_it_joins_constants_only() -> None:
    package = CHECKOUT / "usage_pipeline"
    excused = [
        line
        for file in package.rglob("*.py")
        for line in file.read_text().splitlines()
        if _RULE in line
    ]
    assert [line for line in excused if not line.endswith("- constants only")] == []
