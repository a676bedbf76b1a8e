"""The world that faults strike: built once, on a server that is nobody else's."""

from collections.abc import Iterator

import pytest

from tests.faults.stages import STAGES
from tests.faults.world import World, make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A night without marts, which is quickly made."""
    made = make_world(tmp_path_factory.mktemp("faults"), ("load", "retire"))
    yield made
    made.server.destroy()


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A night of every stage."""
    made = make_world(tmp_path_factory.mktemp("faults"), tuple(STAGES))
    yield made
    made.server.destroy()
