"""The demo: which days it makes, and that a second run keeps them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import yaml

from usage_pipeline.cli import demo
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse

_YESTERDAY = date(2031, 3, 12)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(
        demo.DEMO, days=3, executions_per_day=30, sequence_habits=2, time_habits=1,
        conditional_habits=1,
    )  # fmt: skip
    monkeypatch.setattr(demo, "DEMO", small)


def test_the_demo_ends_on_the_day_that_it_is_told_and_declares_those_days(
    settings: Settings, warehouse: Warehouse
) -> None:
    files = demo.prepare_demo(settings, warehouse, _YESTERDAY, on_line=lambda _: None)
    assert (files.days, files.first_day, files.last_day) == (3, date(2031, 3, 10), _YESTERDAY)
    assert sorted(file.name for file in files.folder.glob("*.csv.gz")) == [
        f"2031-03-{day}.csv.gz" for day in (10, 11, 12)
    ]
    (source,) = yaml.safe_load(settings.sources_path.read_text())
    assert (source["since"], source["until"]) == (date(2031, 3, 10), _YESTERDAY)


def test_a_demo_that_was_made_earlier_keeps_its_days(
    settings: Settings, warehouse: Warehouse
) -> None:
    made = demo.prepare_demo(settings, warehouse, _YESTERDAY, on_line=lambda _: None)
    written = {file: file.read_bytes() for file in made.folder.iterdir()}
    next_week = _YESTERDAY + timedelta(days=7)
    assert demo.prepare_demo(settings, warehouse, next_week, on_line=lambda _: None) == made
    assert {file: file.read_bytes() for file in made.folder.iterdir()} == written
