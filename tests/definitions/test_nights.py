"""Nights: what each one runs, what it catches up on, and that a failed day holds up no other."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from tests.executions import at, batch, execution
from usage_pipeline.cli.installation import status
from usage_pipeline.defs import build_definitions
from usage_pipeline.defs.common import EXECUTIONS, WarehouseResource, with_partitions
from usage_pipeline.defs.executions import failed_days as failed_days_asset
from usage_pipeline.defs.executions import load_executions
from usage_pipeline.defs.retention import retired_days
from usage_pipeline.defs.schedules import nightly_schedule, requests_for
from usage_pipeline.orchestration.failures import step_failure
from usage_pipeline.orchestration.partitions import daily_partitions, days_of_tags, range_tags
from usage_pipeline.settings import Settings
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.failed_days import failed_days
from usage_pipeline.warehouse.ledger import days_with_open_executions, loaded_days

_DAY = date(2026, 6, 28)
_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"


def _days(first: int, last: int) -> list[date]:
    return [date(2026, 6, number) for number in range(first, last + 1)]


def _spans(
    settings: Settings, loaded: Collection[date] = (), failed: Collection[date] = ()
) -> list[tuple[str, str]]:
    night = datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC"))
    requests = requests_for(settings, night, loaded, failed)
    assert not isinstance(requests, dg.SkipReason)
    assert len({request.run_key for request in requests}) == len(requests)
    return [
        (
            request.tags["dagster/asset_partition_range_start"][8:],
            request.tags["dagster/asset_partition_range_end"][8:],
        )
        for request in requests
    ]


@pytest.fixture
def declared(tmp_path: Path) -> Settings:
    (tmp_path / "sources.yaml").write_text("- {name: apps, path: 'apps/{day}.csv'}\n")
    return Settings(home=tmp_path, database_url="postgresql://x@127.0.0.1:1/x", _env_file=None)


def test_a_night_without_a_source_is_skipped_with_the_reason(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, _env_file=None)
    night = datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC"))
    skipped = requests_for(settings, night, [])
    assert isinstance(skipped, dg.SkipReason)
    assert "expects executions on 2026-06-28" in (skipped.skip_message or "")


def test_a_night_runs_the_day_that_ended_and_those_that_late_rows_may_change(
    declared: Settings,
) -> None:
    assert _spans(declared) == [("27", "28")]
    assert _spans(declared, _days(1, 27)) == [("27", "28")]
    assert _spans(declared, _days(1, 28)) == [("27", "28")]


def test_missed_nights_are_caught_up_in_one_run(declared: Settings) -> None:
    assert _spans(declared, _days(1, 23)) == [("24", "28")]


def test_catching_up_goes_back_no_further_than_its_setting(declared: Settings) -> None:
    settings = declared.model_copy(update={"catch_up_days": 3})
    assert _spans(settings, _days(1, 10)) == [("25", "28")]
    assert _spans(settings, _days(1, 27), failed=_days(20, 20)) == [("27", "28")]


def test_a_night_missed_after_the_last_day_of_a_source_is_still_caught_up(tmp_path: Path) -> None:
    text = "- {name: apps, path: 'apps/{day}.csv', until: 2026-06-26}\n"
    (tmp_path / "sources.yaml").write_text(text)
    settings = Settings(home=tmp_path, _env_file=None)
    assert _spans(settings, _days(1, 24)) == [("25", "26")]
    night = datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC"))
    assert isinstance(requests_for(settings, night, _days(1, 26)), dg.SkipReason)


def test_days_that_failed_or_were_left_out_get_a_run_each(declared: Settings) -> None:
    loaded = [*_days(1, 19), *_days(21, 27)]
    assert _spans(declared, loaded, failed=_days(23, 23)) == [
        ("27", "28"),
        ("20", "20"),
        ("23", "23"),
    ]


def test_days_of_executions_that_have_not_ended_are_asked_for_again(declared: Settings) -> None:
    night = datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC"))
    days = _days(1, 27)
    requests = requests_for(
        declared,
        night,
        days,
        failed=_days(20, 20),
        busy=_days(18, 18),
        unfinished=[*_days(3, 3), *_days(18, 18), *_days(20, 20), *_days(27, 28)],
    )
    assert not isinstance(requests, dg.SkipReason)
    assert [request.run_key for request in requests] == [
        "nightly-2026-06-28",
        "nightly-2026-06-28-again-2026-06-03",
        "nightly-2026-06-28-again-2026-06-20",
    ]


def test_open_executions_of_a_system_are_looked_for_until_they_are_given_up(
    warehouse: Warehouse,
) -> None:
    days = _days(1, 6)
    for day in days:
        runs = [
            execution(f"{day}-{name}", status=status, start_time=at(9, day=day), source=source)
            for name, status, source in (
                ("a", "completed" if day == days[1] else "started", "flows"),
                ("b", "started", "files"),
            )
        ]
        inputs = [DayInput(each["source"], [batch([each])]) for each in runs]
        load_day(warehouse, day, inputs)
    with warehouse.connect() as connection:
        held = days_with_open_executions(connection, ["flows"], days[0], days[4])
        assert held == [days[0], *days[2:5]]
        assert days_with_open_executions(connection, ["other"], days[0], days[5]) == []


def _csv(folder: Path, day: date, *more: str) -> None:
    rows = [
        f"{day}{name},ana,report,Report,{day}T09:00:00Z,{day}T09:05:00Z,completed,manual\n"
        for name in ("", *filter(None, more))
    ]
    (folder / f"{day}.csv").write_text(_HEADER + "".join(rows))


@pytest.fixture
def nights(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Settings, Path]:
    """A warehouse whose nightly source has no file yet."""
    monkeypatch.setenv("USAGE_HOME", str(tmp_path))
    monkeypatch.setenv("USAGE_DATABASE_URL", warehouse.url)
    folder = tmp_path / "apps"
    folder.mkdir()
    (tmp_path / "sources.yaml").write_text("- {name: apps, path: 'apps/{day}.csv'}\n")
    return Settings(_env_file=None), folder


def _run(settings: Settings, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
    """Load some days as a night does; the asset `after` stands for the marts."""
    partitions = daily_partitions(settings)

    @dg.asset(
        deps=[EXECUTIONS],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def after() -> None:
        """Run only when the load has gone on."""

    definitions = dg.Definitions(
        assets=[
            *(with_partitions(each, partitions) for each in (load_executions, failed_days_asset)),
            after,
        ],
        jobs=[dg.define_asset_job("nightly", executor_def=dg.in_process_executor)],
        resources={"warehouse": WarehouseResource()},
    )
    job = definitions.resolve_job_def("nightly")
    return job.execute_in_process(tags=tags, raise_on_error=False)


def test_a_failed_day_holds_up_no_later_one_and_is_seen_until_it_is_loaded(
    nights: tuple[Settings, Path], warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, folder = nights
    before = _DAY - timedelta(days=1)
    _csv(folder, _DAY)
    result = _run(settings, range_tags(before, _DAY))
    assert not result.success
    (failure,) = [step_failure(event) for event in result.all_events if event.is_step_failure]
    assert failure.startswith("raw__failed_days: 2026-06-27 is not loaded: There is no file")
    done = {event.step_key for event in result.all_events if event.is_step_success}
    assert done == {"load_executions", "after"}
    with warehouse.connect() as connection:
        assert loaded_days(connection) == [_DAY]
        assert list(failed_days(connection)) == [before]
    capsys.readouterr()
    status(days=14)
    assert "2026-06-27 could not be loaded: There is no file" in capsys.readouterr().out
    _csv(folder, before)
    assert _run(settings, range_tags(before, before)).success
    with warehouse.connect() as connection:
        assert loaded_days(connection) == [before, _DAY]
        assert failed_days(connection) == {}


def test_the_asset_of_retired_days_says_where_each_day_s_executions_are(
    nights: tuple[Settings, Path], warehouse: Warehouse
) -> None:
    settings, folder = nights
    first = _DAY - timedelta(days=7)
    for day in (first, _DAY):
        _csv(folder, day)
        assert _run(settings, range_tags(day, day)).success
    partitions = daily_partitions(settings)
    for late in ("", "late"):
        # After its day was retired, the same file comes again with one more execution in it.
        _csv(folder, first, late)
        load_configured_days(warehouse, settings, [first])
        result = dg.materialize(
            [with_partitions(retired_days, partitions)],
            partition_key=first.isoformat(),
            resources={"warehouse": WarehouseResource()},
        )
    (event,) = result.asset_materializations_for_node("raw__retired_days")
    said = {name: value.value for name, value in event.metadata.items()}
    assert (said["retired"], said["late"], said["rejected"], said["in_raw"]) == (2, 1, 0, 0)


def test_a_run_of_which_no_day_can_be_loaded_fails_as_a_whole(
    nights: tuple[Settings, Path], warehouse: Warehouse
) -> None:
    result = _run(nights[0], range_tags(_DAY, _DAY))
    (failure,) = [step_failure(event) for event in result.all_events if event.is_step_failure]
    assert failure.startswith("load_executions: There is no file for 2026-06-28 at ")
    with warehouse.connect() as connection:
        assert list(failed_days(connection)) == [_DAY]


def test_a_system_is_where_lineage_begins_and_is_asked_whether_it_tells_the_same(
    nights: tuple[Settings, Path], warehouse: Warehouse, tmp_path: Path
) -> None:
    system = tmp_path / "crm.db"
    with closing(sqlite3.connect(system)) as crm, crm:
        crm.execute(
            "create table runs (id text, user_id text, workflow_id text, start_time, status)"
        )
        crm.execute(f"insert into runs values ('1', 'ana', 'w', '{_DAY}T10:00:00Z', 'completed')")
    query = "select * from runs where start_time >= :day_start and start_time < :day_end"
    (tmp_path / "sources.yaml").write_text(
        f"- {{name: c-r.m, kind: sql, url: 'sqlite:///{system}', query: '{query}'}}\n"
    )
    definitions = build_definitions(Settings(_env_file=None), earliest=_DAY - timedelta(days=30))
    graph = definitions.resolve_asset_graph()
    source = dg.AssetKey(["sources", "c-r.m"])
    assert graph.get(source).kinds == {"sql"}
    assert EXECUTIONS in graph.get(source).child_keys
    checks = dg.AssetSelection.checks_for_assets(EXECUTIONS)
    selections = {"load": dg.AssetSelection.assets(EXECUTIONS) | checks, "check": checks}
    jobs = [
        dg.define_asset_job(name, selection, executor_def=dg.in_process_executor)
        for name, selection in selections.items()
    ]
    parts = dg.Definitions.merge(definitions, dg.Definitions(jobs=jobs))

    def run(name: str) -> tuple[dg.ExecuteInProcessResult, dg.AssetCheckEvaluation]:
        result = parts.resolve_job_def(name).execute_in_process(tags=range_tags(_DAY, _DAY))
        evaluations = result.get_asset_check_evaluations()
        (check,) = (each for each in evaluations if each.check_name == "systems_tell_the_same")
        return result, check

    result, check = run("load")
    assert check.passed, check.description
    assert check.description == "c-r.m: 2026-06-28: 1 execution, the same there and here."
    (seen,) = (
        event
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION
    )
    assert seen.asset_observation_data.asset_observation.asset_key == source
    with closing(sqlite3.connect(system)) as crm, crm:
        crm.execute("insert into runs select '2', 'ana', 'w', start_time, status from runs")
    _, check = run("check")
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.description == (
        "c-r.m: 2026-06-28: 1 execution of the source differs. "
        "To list executions: usage-pipeline reconcile 2026-06-28."
    )
    with closing(sqlite3.connect(system)) as crm, crm:
        crm.execute("drop table runs")
    _, check = run("check")
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert (check.description or "").startswith("c-r.m: ")
    assert "no such table: runs" in (check.description or "")


def test_a_daemon_that_was_down_for_nights_asks_for_all_of_them_at_its_next_tick(
    nights: tuple[Settings, Path], warehouse: Warehouse
) -> None:
    settings, folder = nights
    for offset in range(5):
        _csv(folder, _DAY - timedelta(days=offset))
    first = _DAY - timedelta(days=4)
    assert _run(settings, range_tags(first, first)).success
    job: Any = dg.define_asset_job("nightly", selection=dg.AssetSelection.all())
    schedule = nightly_schedule(settings, job)
    with dg.DagsterInstance.local_temp(str(settings.home)) as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC")),
        )
        request, first_again = schedule.evaluate_tick(context).run_requests or ()
    # The first day is loaded and no marts are built of it.
    assert days_of_tags(first_again.tags) == [first]
    assert _run(settings, dict(request.tags)).success
    with warehouse.connect() as connection:
        assert loaded_days(connection) == [first + timedelta(days=offset) for offset in range(5)]
