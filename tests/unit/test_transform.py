"""dbt's arguments and environment, from plain values."""

import json
import os
import re
import sys
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline import processes as attached
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import (
    build_arguments,
    connected_environment,
    dbt_environment,
    run_folder,
)
from usage_pipeline.warehouse.connection import Warehouse


def _vars(first: str, last: str, as_of: str) -> dict[str, str]:
    arguments = build_arguments(*map(date.fromisoformat, (first, last, as_of)))
    found: dict[str, str] = json.loads(arguments[arguments.index("--vars") + 1])
    return found


def test_the_days_that_changed_and_the_as_of_date_are_vars() -> None:
    assert _vars("2026-06-01", "2026-06-07", "2026-06-20") == {
        "from_day": "2026-06-01",
        "to_day": "2026-06-07",
        "as_of_day": "2026-06-20",
    }


def test_the_as_of_date_is_never_before_the_last_day_built() -> None:
    assert _vars("2026-06-01", "2026-06-07", "2026-06-03")["as_of_day"] == "2026-06-07"


def test_unit_tests_stay_out_of_the_night() -> None:
    arguments = build_arguments(date(2026, 6, 1), date(2026, 6, 1), date(2026, 6, 1))
    assert arguments[:3] == ["build", "--exclude-resource-type", "unit_test"]


def test_days_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(UsageError, match="swap them"):
        build_arguments(date(2026, 6, 2), date(2026, 6, 1), date(2026, 6, 2))


def test_a_password_with_every_sign_reaches_dbt_as_it_is() -> None:
    warehouse = Warehouse("postgresql://me:p%40ss%2Fw%3Ard@db.example:6543/usage")
    environment = dbt_environment(warehouse, threads=3)
    assert environment["USAGE_DB_PASSWORD"] == "p@ss/w:rd"
    assert environment["USAGE_DB_HOST"] == "db.example"
    assert environment["USAGE_DB_PORT"] == "6543"


def test_the_password_is_in_no_repr_and_no_address() -> None:
    warehouse = Warehouse("postgresql://me:secret@db.example/usage")
    assert "secret" not in repr(warehouse) + warehouse.address


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("USAGE_KEPT", "before")
    monkeypatch.delenv("USAGE_NEW", raising=False)
    with connected_environment({"USAGE_KEPT": "within", "USAGE_NEW": "within"}):
        assert (os.environ["USAGE_KEPT"], os.environ["USAGE_NEW"]) == ("within", "within")
    assert os.environ["USAGE_KEPT"] == "before"
    assert "USAGE_NEW" not in os.environ


def test_only_the_newest_runs_of_dbt_are_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for number in range(20):
        run = settings.dbt_target / "runs" / f"run-{number}"
        run.mkdir(parents=True)
        (run / "dbt.log").write_text("log")
        os.utime(run, (number, number))
    run_folder(settings, "next")
    kept = {run.name for run in (settings.dbt_target / "runs").iterdir()}
    assert kept == {f"run-{number}" for number in range(6, 20)}


def test_the_version_of_dbt_is_said_without_asking_the_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["usage-pipeline-dbt", "--version"])
    monkeypatch.setitem(sys.modules, "dbt.cli.main", None)
    attached.dbt()
    assert re.search(r"\d+\.\d+\.\d+", capsys.readouterr().out)
