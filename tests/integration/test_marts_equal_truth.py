"""What the generator planted, from its files through the loader and dbt, is what the marts say."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunDbt
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.synthetic import GeneratorConfig, Truth, write
from usage_pipeline.warehouse.connection import Warehouse

_CONFIG = GeneratorConfig(
    seed=11, readable_ids=True, executions_per_day=400, users=60, workflows=40,
    dirty_share=0.01, duplicate_share=0.03,
)  # fmt: skip


@pytest.fixture(scope="module")
def truth(
    module_warehouse: Warehouse, dbt_on: RunDbt, tmp_path_factory: pytest.TempPathFactory
) -> Truth:
    folder: Path = tmp_path_factory.mktemp("generated")
    written = write(_CONFIG, folder)
    settings = Settings(home=folder / "home", database_url=module_warehouse.url, _env_file=None)
    config = files_source([str(folder / "*.csv.gz")])
    results = list(load_inputs(module_warehouse, settings, config))
    assert len(results) == _CONFIG.days
    last = _CONFIG.last_day
    dbt_on(module_warehouse, build_arguments(_CONFIG.first_day, last, last))
    return written.truth


def _rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_every_row_of_every_day_went_where_it_belongs(
    truth: Truth, module_warehouse: Warehouse
) -> None:
    found = _rows(
        module_warehouse,
        "select execution_date, read_count, loaded_count, rejected_count, duplicate_count "
        "from raw.load_ledger order by execution_date",
    )
    assert found == [
        (
            day.day, day.rows, day.executions, sum(day.dirty.values()),
            day.started_copies + day.exact_copies,
        )
        for day in truth.days
    ]  # fmt: skip
    assert sum(row[3] for row in found) > 0
    assert sum(row[4] for row in found) > 0


def test_each_day_counts_its_executions_and_those_by_people(
    truth: Truth, module_warehouse: Warehouse
) -> None:
    assert _rows(
        module_warehouse,
        "select execution_date, sum(total_executions)::int, sum(people_execution_count)::int "
        "from marts.workflow_daily_usage group by execution_date order by execution_date",
    ) == [(day.day, day.executions, day.by_people) for day in truth.days]


def test_each_workflow_has_its_totals_by_status_and_its_latest_name(
    truth: Truth, module_warehouse: Warehouse
) -> None:
    found = _rows(
        module_warehouse,
        "select source_workflow_id, workflows.workflow_name, sum(open_count)::int, "
        "sum(success_count)::int, sum(failure_count)::int, sum(cancelled_count)::int, "
        "sum(people_execution_count)::int "
        "from marts.user_workflow_stats join marts.workflows using (workflow_id) group by 1, 2",
    )
    assert sorted(found) == sorted(
        (w.workflow_id, w.workflow_name, w.started, w.completed, w.failed, w.cancelled, w.by_people)
        for w in truth.workflows
        if w.started + w.completed + w.failed + w.cancelled
    )
    names = {row[0]: row[1] for row in found}
    assert truth.renamed_workflows
    for renamed in truth.renamed_workflows:
        assert names[renamed.workflow_id] == renamed.new_name


def test_the_abandoned_workflows_are_those_that_were_planted(
    truth: Truth, module_warehouse: Warehouse
) -> None:
    found = _rows(
        module_warehouse,
        "select source_workflow_id, abandoned_workflows.last_used_date, users_who_abandoned, "
        "avg_tries_before_abandon, median_tries_before_abandon "
        "from marts.abandoned_workflows join marts.workflows using (workflow_id)",
    )
    planted = [
        (w.workflow_id, w.last_used_date, w.users, w.average_tries, w.median_tries)
        for w in truth.abandoned_workflows
        if w.users > 5 and w.last_used_date <= _days_before_the_end(30)
    ]
    assert planted
    assert {row[0]: row[1:] for row in found} == {
        row[0]: (row[1], row[2], pytest.approx(row[3], rel=1e-12), row[4]) for row in planted
    }


def test_users_who_left_are_told_from_those_who_left_one_workflow(
    truth: Truth, module_warehouse: Warehouse
) -> None:
    found = {
        (user, workflow): (last, executions, days, altogether)
        for user, workflow, last, executions, days, altogether in _rows(
            module_warehouse,
            "select source_user_id, source_workflow_id, last_active_date, "
            "people_execution_count::int, active_days, has_left_altogether "
            "from marts.user_abandoned_workflows join raw.users using (user_id) "
            "join raw.workflows using (workflow_id)",
        )
    }
    # Whoever ran it at least twice and paused for a month; longer pauses depend on their rhythm.
    left = [habit for habit in truth.left_workflows if (habit.user_id, habit.workflow_id) in found]
    assert left
    for habit in left:
        assert found[habit.user_id, habit.workflow_id] == (
            habit.last_active_date, habit.executions, habit.active_days, False,
        )  # fmt: skip
    gone = {user.user_id for user in truth.left_users}
    assert gone
    assert all(row[3] for (user, _), row in found.items() if user in gone)


def _days_before_the_end(days: int) -> date:
    return date.fromordinal(_CONFIG.last_day.toordinal() - days)
