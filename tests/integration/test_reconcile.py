"""A day there and here: `reconcile` finds every difference and changes nothing."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.main import app
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.steps.reconcile import reconcile
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.retirement import retire_day

_DAY = date(2026, 6, 1)
_HEADER = "id,user_id,workflow_id,start_time,end_time,status\n"


def _line(number: int, status: str, day: date = _DAY) -> str:
    return f"{number},ana,w,{day}T09:0{number}:00Z,{day}T09:30:00Z,{status}\n"


def _deliver(
    settings: Settings, *lines: str, day: date = _DAY, delivers: str = "everything"
) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / f"{day}.csv").write_text(_HEADER + "".join(lines))
    settings.sources_path.write_text(
        f"- {{name: apps, path: '{{day}}.csv', delivers: {delivers}}}\n"
    )


def _config(settings: Settings, delivers: str = "everything") -> SourceConfig:
    path = str(settings.home / "{day}.csv")
    return SourceConfig.model_validate({"name": "apps", "path": path, "delivers": delivers})


def test_a_day_that_was_loaded_is_the_same_there_and_here(
    warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [_line(1, "completed"), _line(2, "failed"), _line(2, "failed"), "3,,w,x,,odd\n"]
    _deliver(settings, *lines)
    load_configured_days(warehouse, settings, [_DAY])
    compared = reconcile(warehouse, settings, _config(settings), _DAY)
    assert compared.differing.empty
    assert (compared.kept, compared.rejected) == (0, 1)
    counts = {status: tuple(row) for status, row in compared.counts.iterrows() if row.any()}
    assert counts == {"completed": (1, 1), "failed": (1, 1)}
    monkeypatch.setenv("USAGE_HOME", str(settings.home))
    monkeypatch.setenv("USAGE_DATABASE_URL", warehouse.url)
    shown = CliRunner().invoke(app, ["reconcile", str(_DAY)])
    assert shown.exit_code == 0, shown.output
    assert "apps: 2026-06-01: 2 executions, the same there and here." in shown.output
    _deliver(settings, _line(1, "failed"), _line(4, "completed"))
    shown = CliRunner().invoke(app, ["reconcile", str(_DAY), "--name", "apps"])
    assert shown.exit_code == 1
    assert "apps: 2026-06-01: 3 executions of the source differ." in shown.output
    assert "1 (attempt 1): there failed, here completed" in shown.output
    assert "2 (attempt 1): there nothing, here failed" in shown.output
    assert "4 (attempt 1): there completed, here nothing" in shown.output


def test_what_a_source_of_changes_has_forgotten_is_no_difference(
    warehouse: Warehouse, settings: Settings
) -> None:
    _deliver(settings, _line(1, "completed"), _line(2, "failed"), delivers="changes")
    load_configured_days(warehouse, settings, [_DAY])
    _deliver(settings, _line(2, "failed"), delivers="changes")
    compared = reconcile(warehouse, settings, _config(settings, "changes"), _DAY)
    assert compared.differing.empty
    assert compared.kept == 1


def test_an_execution_that_an_earlier_day_counts_is_told_and_no_difference(
    warehouse: Warehouse, settings: Settings
) -> None:
    later = _DAY + timedelta(days=1)
    _deliver(settings, _line(1, "started"), delivers="changes")
    _deliver(settings, _line(1, "completed", later), day=later, delivers="changes")
    load_configured_days(warehouse, settings, [_DAY, later])
    compared = reconcile(warehouse, settings, _config(settings, "changes"), later)
    assert compared.differing.empty
    assert compared.elsewhere == 1
    _deliver(settings, _line(1, "failed", later), day=later, delivers="changes")
    compared = reconcile(warehouse, settings, _config(settings, "changes"), later)
    (row,) = compared.differing.itertuples()
    assert (row.there, row.here, row.counted_on) == ("failed", "completed", _DAY)


def test_a_retired_day_is_one_sentence(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    _deliver(settings, _line(1, "completed"))
    load_configured_days(warehouse, settings, [_DAY])
    retire_day(warehouse, _DAY, as_of=_DAY + timedelta(days=40), unfinished_days=30)
    with pytest.raises(UsageError, match="2026-06-01 is retired: its single executions are gone"):
        reconcile(warehouse, settings, _config(settings), _DAY)
