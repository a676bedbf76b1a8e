"""The rooms of the package: which may import which, and how many there are."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import usage_pipeline

PACKAGE = Path(usage_pipeline.__file__).parent

# From the ground up: a room imports itself and rooms before it. The client imports none of them.
ROOMS = (
    "errors",
    "terms",
    "execution_dates",
    "identity",
    "processes",
    "sources",
    "mining",
    "synthetic",
    "settings",
    "warehouse",
    "steps",
    "api",
    "orchestration",
    "defs",
    "definitions",
    "cli",
)


def _modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    files = PACKAGE.rglob("*.py")
    return {
        ".".join(("usage_pipeline", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): file
        for file in files
    }


def _imports(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else node.module for name in names]
        yield from (name for name in names if name in modules)


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    modules = _modules()
    return {name: set(_imports(file, modules)) for name, file in modules.items()}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_no_arrow_runs_from_a_lower_room_to_a_higher_one(arrows: dict[str, set[str]]) -> None:
    place = {room: number for number, room in enumerate(ROOMS)}
    assert {_room(module) for module in arrows} - {"", "client"} == set(ROOMS)
    # A group of settings stands beside its user, and `settings` nests it: such a module is below
    # every room, as long as it imports none.
    groups = {name for name in arrows if name.count(".") > 1 and name.endswith(".settings")}
    assert {name for name in groups if arrows[name]} == set()
    wrong = [
        f"{module} imports {other}"
        for module, others in sorted(arrows.items())
        for other in sorted(others - groups)
        if _room(module) not in ("", "client")
        and (_room(other) == "client" or place[_room(other)] > place[_room(module)])
    ]
    assert wrong == []


def test_the_client_imports_nothing_of_the_rest(arrows: dict[str, set[str]]) -> None:
    outside = {
        other
        for module, others in arrows.items()
        if _room(module) == "client"
        for other in others
        if _room(other) != "client"
    }
    assert outside == set()


def test_no_module_imports_itself_in_a_circle(arrows: dict[str, set[str]]) -> None:
    # A package's own name is imported with each of its modules: only real imports count.
    graph = defaultdict(set, {module: others - {module} for module, others in arrows.items()})
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_house_stays_small_enough_to_find_things_in() -> None:
    entries = {
        entry.name
        for entry in PACKAGE.iterdir()
        if not entry.name.startswith(("_", ".")) and entry.name != "py.typed"
    }
    assert len(entries) <= 17, sorted(entries)
    long = [
        f"{name}: {len(file.read_text(encoding='utf-8').splitlines())} lines"
        for name, file in _modules().items()
        if len(file.read_text(encoding="utf-8").splitlines()) > 400
    ]
    assert long == []
