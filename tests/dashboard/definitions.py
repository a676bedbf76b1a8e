"""Every definition that the sources point to is a comment of the warehouse."""

import json
import re
from pathlib import Path
from urllib.request import urlopen

from tests.dashboard.conftest import Demo

_SOURCES = Path(__file__).parents[2] / "dashboard" / "src"
_NAME = re.compile(r'"([a-z_]+\.[a-z0-9_]+)"')


def test_every_number_has_a_definition_that_exists(demo: Demo) -> None:
    named = {
        name
        for path in _SOURCES.rglob("*.tsx")
        for name in _NAME.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 30
    with urlopen(f"{demo.address}/api/v1/workflow-usage/definitions", timeout=10) as answer:  # noqa: S310 - our own server
        known = json.load(answer)["items"]
    assert named <= set(known), sorted(named - set(known))
    assert all(known[name].strip() for name in named)
