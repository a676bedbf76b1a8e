"""Clocks: a wrong one, days of 23 and 25 hours, the 29th of February, from file to aggregate."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.executions import batch, execution
from tests.faults.contents import contents_of, differences
from usage_pipeline.errors import InputError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps import load as ingestion
from usage_pipeline.steps.load import load_configured_days, load_inputs
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.ledger import day_states, last_loaded_day
from usage_pipeline.warehouse.migrate import migrate

_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"


def _every_half_hour(path: Path, first: date, days: int) -> None:
    """An execution each half hour of UTC, each of which ends a second before the next."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    instants = [start + timedelta(minutes=30 * step) for step in range(48 * days)]
    lines = [
        f"{at:%Y%m%dT%H%M},ana,report,Report,{at:%Y-%m-%dT%H:%M:%SZ},"
        f"{at + timedelta(seconds=1799):%Y-%m-%dT%H:%M:%SZ},completed,manual\n"
        for at in instants
    ]
    path.write_text(_HEADER + "".join(lines))


@pytest.mark.parametrize(
    ("zone", "changed", "executions"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 46),
        ("Europe/Berlin", date(2025, 10, 26), 50),
        ("Europe/Berlin", date(2024, 2, 29), 48),
        ("UTC", date(2024, 2, 29), 48),
        ("Australia/Lord_Howe", date(2026, 4, 5), 49),
    ],
)
def test_a_day_has_the_executions_of_its_own_hours_loaded_and_retired(
    warehouse: Warehouse, tmp_path: Path, zone: str, changed: date, executions: int
) -> None:
    place = Warehouse(warehouse.url, timezone=zone)
    migrate(place)
    settings = Settings(
        home=tmp_path, database_url=warehouse.url, timezone=zone, start_date="2024-01-01",
        _env_file=None,
    )  # fmt: skip
    _every_half_hour(tmp_path / "a.csv", changed - timedelta(days=2), 5)
    source = files_source([str(tmp_path / "a.csv")])
    days = [changed + timedelta(days=offset) for offset in (-1, 0, 1)]
    done = list(load_inputs(place, settings, source, days[0], days[-1]))
    wanted = [48, executions, 48]
    assert [result.loaded for result in done] == wanted
    for day in days:
        retire_day(place, day, as_of=days[-1], unfinished_days=1)
    with place.connect() as connection:
        assert [state.retired for state in day_states(connection)] == wanted
        assert connection.execute(
            "select sum(total_duration_ms) / 1000 from raw.retired_usage group by execution_date "
            "order by execution_date"
        ).fetchall() == [(count * 1799,) for count in wanted]


def _with_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # noqa: ARG003 - the clock's own
            return now

    monkeypatch.setattr(ingestion, "datetime", Clock)


def _three_days(tmp_path: Path, warehouse: Warehouse) -> Settings:
    settings = Settings(home=tmp_path, database_url=warehouse.url, _env_file=None)
    _every_half_hour(tmp_path / "a.csv", date(2026, 6, 1), 3)
    (tmp_path / "sources.yaml").write_text("- {name: apps, path: a.csv}\n")
    return settings


def test_a_clock_that_is_ahead_changes_nothing_because_no_number_asks_for_the_time(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _three_days(tmp_path, warehouse)
    days = [date(2026, 6, number) for number in (1, 2, 3)]
    load_configured_days(warehouse, settings, days)
    right = contents_of(warehouse)
    _with_clock(monkeypatch, datetime(2031, 1, 1, tzinfo=UTC))
    load_configured_days(warehouse, settings, days)
    assert differences(contents_of(warehouse), right) == []
    # Retention counts from the newest loaded day, and nothing is 7 days older than that.
    with warehouse.connect() as connection:
        as_of = last_loaded_day(connection)
    assert as_of == days[-1]
    assert apply_retention(warehouse, settings, as_of).days == []
    assert differences(contents_of(warehouse), right) == []


def test_a_clock_that_is_behind_rejects_what_it_takes_for_the_future_until_it_is_right(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _three_days(tmp_path, warehouse)
    days = [date(2026, 6, number) for number in (1, 2, 3)]
    with monkeypatch.context() as patched:
        _with_clock(patched, datetime(2026, 6, 3, 12, tzinfo=UTC))
        done = load_configured_days(warehouse, settings, days)
    # Half a day and five minutes are let through; the rest is there to be seen, with its reason.
    assert [(each.loaded, each.rejected) for each in done.results] == [(48, 0), (48, 0), (24, 24)]
    with warehouse.connect() as connection:
        assert connection.execute(
            "select count(*) from raw.rejected_executions where reason like '%future%'"
        ).fetchone() == (24,)
    done = load_configured_days(warehouse, settings, days)
    assert [(each.loaded, each.rejected) for each in done.results] == [(48, 0)] * 3


def test_rows_from_the_future_do_not_move_the_as_of_date(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=warehouse.url, _env_file=None)
    (tmp_path / "a.csv").write_text(
        _HEADER + "1,ana,report,Report,2026-06-01T09:00:00Z,,completed,manual\n"
        "2,ana,report,Report,2199-06-02T09:00:00Z,,completed,manual\n"
    )
    source = files_source([str(tmp_path / "a.csv")])
    (result,) = load_inputs(warehouse, settings, source)
    assert (result.day, result.loaded, result.rejected) == (date(2026, 6, 1), 1, 1)
    with warehouse.connect() as connection:
        assert last_loaded_day(connection) == date(2026, 6, 1)


def test_an_execution_over_midnight_and_retirement_is_counted_once_with_its_final_status(
    warehouse: Warehouse,
) -> None:
    day = date(2026, 6, 1)
    started = datetime(2026, 6, 1, 23, 50, tzinfo=UTC)
    for status, ended in (("started", None), ("failed", started + timedelta(hours=60))):
        row = execution("long", status=status, start_time=started, end_time=ended)
        load_day(warehouse, day, [DayInput("files", [batch([row])])])
        retire_day(warehouse, day, as_of=day + timedelta(days=8), unfinished_days=30)
    with warehouse.connect() as connection:
        assert connection.execute(
            "select execution_date, execution_count, failure_count, open_count, total_duration_ms "
            "from raw.retired_usage"
        ).fetchall() == [(day, 1, 1, 0, 60 * 3_600_000)]


def test_a_file_of_another_day_is_no_file_of_this_one(warehouse: Warehouse, tmp_path: Path) -> None:
    settings = _three_days(tmp_path, warehouse)
    with pytest.raises(InputError):
        load_configured_days(warehouse, settings, [date(2026, 7, 1)])
