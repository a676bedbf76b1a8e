"""docs/faults.md names tests: each of them exists, and each fault and promise has one."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.faults.test_kills import LONG, QUICK

_TESTS = CHECKOUT / "tests"
_TRIALS = [str(trial) for trial in (*QUICK, *LONG)]


def _rows() -> dict[str, list[str]]:
    """For each row of a table its last cell's names, in their order."""
    page = (CHECKOUT / "docs" / "faults.md").read_text()
    rows = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and cells[-1] not in ("how it is tested", "tests"):
            rows[cells[0]] = re.findall(r"`([^`]+)`", cells[-1])
    return rows


_NAMED = _rows()


def test_the_page_has_its_tables() -> None:
    assert len(_NAMED) > 40
    promises = {"all or nothing", "nothing lost silently", "aggregates outlive executions"}
    assert promises < set(_NAMED)


@pytest.mark.parametrize("fault", _NAMED)
def test_what_a_row_names_exists(fault: str) -> None:
    file: Path | None = None
    assert _NAMED[fault], "no test is named"
    for name in _NAMED[fault]:
        if name.endswith(".py"):
            file = _TESTS / name
            assert file.exists(), name
        elif "-" in name:
            assert any(fnmatch(trial, name) for trial in _TRIALS), name
        else:
            assert file is not None
            defined = re.findall(r"^def (test_\w+)\(", file.read_text(), re.M)
            assert any(fnmatch(each, name.replace("...", "*")) for each in defined), name
