"""The first partition: the first configured or loaded day, kept in the home."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.first_day import first_day, keep_first_day
from usage_pipeline.orchestration.partitions import daily_partitions
from usage_pipeline.settings import Settings
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse.connection import Warehouse

_NOW = datetime(2026, 6, 29, 1, tzinfo=UTC)
_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"


def _load(warehouse: Warehouse, settings: Settings, day: date) -> None:
    settings.home.mkdir(exist_ok=True)
    (settings.home / "sources.yaml").write_text("- {name: apps, path: '{day}.csv'}\n")
    (settings.home / f"{day}.csv").write_text(
        f"{_HEADER}1,ana,report,Report,{day}T09:00:00Z,{day}T09:05:00Z,completed,manual\n"
    )
    load_configured_days(warehouse, settings, [day])


def test_partitions_begin_with_the_first_loaded_day_and_an_older_load_extends_them(
    warehouse: Warehouse, settings: Settings
) -> None:
    keep_first_day(settings, warehouse, _NOW)
    assert first_day(settings) == settings.start_date
    _load(warehouse, settings, date(2026, 3, 10))
    keep_first_day(settings, warehouse, _NOW)
    assert first_day(settings) == date(2026, 3, 10)
    _load(warehouse, settings, date(2026, 1, 5))
    keep_first_day(settings, warehouse, _NOW)
    assert first_day(settings) == date(2026, 1, 5)
    keys = daily_partitions(settings).get_partition_keys(_NOW)
    assert (keys[0], keys[-1]) == ("2026-01-05", "2026-06-28")
    assert daily_partitions(settings, date(2025, 1, 1)).get_first_partition_key() == "2025-01-01"


def test_partitions_reach_back_as_far_as_nights_do_and_stay_where_they_began(
    warehouse: Warehouse, settings: Settings
) -> None:
    _load(warehouse, settings, date(2026, 6, 28))
    keep_first_day(settings, warehouse, _NOW)
    begin = first_day(settings)
    days = (date(2026, 6, 28) - begin).days
    assert days >= max(settings.catch_up_days, settings.tracked_days_kept)
    keep_first_day(settings, warehouse, datetime(2026, 9, 1, tzinfo=UTC))
    assert first_day(settings) == begin


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="postgresql://x@127.0.0.1:1/x", _env_file=None)


def test_partitions_begin_with_the_first_configured_day_but_not_before_the_start_date(
    configured: Settings,
) -> None:
    declared = "- {{name: apps, path: '{{day}}.csv', since: {}}}\n"
    configured.sources_path.write_text(declared.format("2026-05-04"))
    assert first_day(configured) == date(2026, 5, 4)
    configured.sources_path.write_text(declared.format("2009-01-01"))
    assert first_day(configured) == configured.start_date
    # The load says what is wrong with it; the web UI shall still open.
    configured.sources_path.write_text("- {name: apps")
    assert first_day(configured) == configured.start_date


def test_a_kept_day_that_is_not_a_day_is_one_sentence(configured: Settings) -> None:
    (configured.home / "first_day").write_text("yesterday")
    with pytest.raises(UsageError, match="correct or delete it"):
        first_day(configured)
