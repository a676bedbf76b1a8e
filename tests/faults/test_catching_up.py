"""A run that died between load and marts: the nights after it build what it left."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from usage_pipeline.defs.common import WarehouseResource, with_partitions
from usage_pipeline.defs.executions import load_executions
from usage_pipeline.defs.marts import mart_assets
from usage_pipeline.defs.schedules import nightly_job, nightly_schedule
from usage_pipeline.orchestration.home import prepare_dagster_home
from usage_pipeline.orchestration.partitions import (
    ATTEMPTS,
    ONLY_BUILD,
    daily_partitions,
    days_of_tags,
    range_tags,
)
from usage_pipeline.settings import Settings
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import day_states

_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger\n"
_NIGHT = datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("UTC"))
_DAY = date(2026, 6, 28)
_OLDER = _DAY - timedelta(days=3)
_ENDED = [_OLDER, _DAY - timedelta(days=1), _DAY]


def _deliver(settings: Settings, day: date, executions: int) -> None:
    rows = [
        f"{day}-{n},ana,report,Report,{day}T09:0{n}:00Z,{day}T09:30:00Z,completed,manual\n"
        for n in range(executions)
    ]
    (settings.home / "apps").mkdir(exist_ok=True)
    (settings.home / "apps" / f"{day}.csv").write_text(_HEADER + "".join(rows))


@pytest.fixture
def died(
    warehouse: Warehouse, parsed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Settings, dg.DagsterInstance]]:
    """What runs leave that loaded their days and died, and Dagster with its records in Postgres."""
    monkeypatch.setenv("USAGE_HOME", str(parsed_home))
    monkeypatch.setenv("USAGE_DATABASE_URL", warehouse.url)
    (parsed_home / "sources.yaml").write_text("- {name: apps, path: 'apps/{day}.csv'}\n")
    settings = Settings(_env_file=None)
    for day in _ENDED:
        _deliver(settings, day, 1)
    # The day between is not loaded, so that nothing but a night without a file asks for it.
    load_configured_days(warehouse, settings, _ENDED)
    for name, value in prepare_dagster_home(settings, warehouse).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        yield settings, instance


def _builds(settings: Settings, instance: dg.DagsterInstance) -> list[dict[str, str]]:
    """The tags of the runs that a night asks for to build what is loaded."""
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=_NIGHT)
    requests = nightly_schedule(settings, nightly_job()).evaluate_tick(context).run_requests or ()
    return [dict(request.tags) for request in requests if ONLY_BUILD in request.tags]


def _add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: Any) -> None:
    instance.add_run(dg.DagsterRun("nightly", tags=tags, status=status))


@pytest.mark.filterwarnings("ignore:AssetExecutionContext.op is deprecated:DeprecationWarning")
def test_a_day_that_is_loaded_and_not_built_is_built_by_the_next_night(
    died: tuple[Settings, dg.DagsterInstance], warehouse: Warehouse
) -> None:
    settings, instance = died
    # Nothing is read for it, so that it is built also when its file is gone.
    (settings.home / "apps" / f"{_OLDER}.csv").unlink()
    (tags,) = _builds(settings, instance)
    assert days_of_tags(tags) == [_OLDER]
    partitions = daily_partitions(settings)
    marts, dbt = mart_assets(settings, partitions)
    # The load and the marts alone; other tests run whole nights.
    part = dg.Definitions(
        assets=[with_partitions(load_executions, partitions), marts[0]],
        jobs=[nightly_job()],
        resources={"warehouse": WarehouseResource(), "dbt": dbt},
    )
    job = part.resolve_job_def("nightly")
    assert job.execute_in_process(instance=instance, tags=tags).success
    with warehouse.connect() as connection:
        assert [state.is_rolled_up for state in day_states(connection, _OLDER, _OLDER)] == [True]
    assert _builds(settings, instance) == []


def test_a_day_is_asked_for_again_after_a_run_that_did_not_build_it_but_not_for_ever(
    died: tuple[Settings, dg.DagsterInstance], warehouse: Warehouse
) -> None:
    settings, instance = died
    for _ in range(ATTEMPTS):
        (tags,) = _builds(settings, instance)
        _add_run(instance, dg.DagsterRunStatus.FAILURE, tags)
    assert _builds(settings, instance) == []
    # Another load of it is another chance.
    _deliver(settings, _OLDER, 2)
    load_configured_days(warehouse, settings, [_OLDER])
    (again,) = _builds(settings, instance)
    assert again[ONLY_BUILD] != tags[ONLY_BUILD]


def test_a_day_that_a_run_is_at_work_on_is_left_alone(
    died: tuple[Settings, dg.DagsterInstance],
) -> None:
    settings, instance = died
    _add_run(instance, dg.DagsterRunStatus.STARTED, range_tags(_OLDER, _DAY))
    assert _builds(settings, instance) == []


def test_catching_up_on_what_is_not_built_goes_back_no_further_than_its_setting(
    died: tuple[Settings, dg.DagsterInstance],
) -> None:
    settings, instance = died
    assert _builds(settings.model_copy(update={"catch_up_days": 2}), instance) == []
