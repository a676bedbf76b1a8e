"""The code location: what it holds, how it is linked, and that loading it needs nothing."""

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from tests.conftest import CHECKOUT
from usage_pipeline.defs import build_definitions
from usage_pipeline.defs.common import GROUPS
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig

_EXECUTIONS = dg.AssetKey(["raw", "workflow_executions_simple"])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, parsed_project: Path) -> Settings:
    # A server that is not there: loading must not ask for it.
    return Settings(
        home=shutil.copytree(parsed_project, tmp_path_factory.mktemp("definitions") / "home"),
        database_url="postgresql://nobody:secret@127.0.0.1:1/none",
        _env_file=None,
    )


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> dg.Definitions:
    return build_definitions(settings)


def _graph(definitions: dg.Definitions) -> Any:
    return definitions.resolve_asset_graph()


def test_every_asset_is_described_owned_and_grouped(definitions: dg.Definitions) -> None:
    specs = list(definitions.resolve_all_asset_specs())
    keys = {spec.key.to_user_string() for spec in specs}
    assert {
        "raw/workflow_executions_simple",
        "raw/load_ledger",
        "staging/stg_workflow_executions",
        "marts/user_workflow_usage",
        "marts/popular_workflows",
        "marts/abandoned_workflows",
    } <= keys
    assert [spec.key for spec in specs if not spec.description] == []
    assert [spec.key for spec in specs if not spec.owners] == []
    assert [spec.key for spec in specs if spec.group_name in (None, "default")] == []
    assert {spec.group_name for spec in specs} == set(GROUPS)
    assert set(_graph(definitions).get_all_asset_keys()) == {spec.key for spec in specs}


def test_lineage_reads_from_left_to_right(definitions: dg.Definitions) -> None:
    graph = _graph(definitions)
    column = {
        spec.key: GROUPS.index(str(spec.group_name))
        for spec in definitions.resolve_all_asset_specs()
    }
    back = [
        f"{parent.to_user_string()} -> {key.to_user_string()}"
        for key in column
        for parent in graph.get(key).parent_keys
        if column[parent] > column[key]
    ]
    assert back == []
    sources = {("raw", name) for name in ("users", "retired_usage", "retired_durations")}
    assert {column[dg.AssetKey(list(path))] for path in sources} == {0}


def test_what_people_read_and_nothing_else_has_to_be_fresh(definitions: dg.Definitions) -> None:
    fresh = {
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if spec.freshness_policy is not None
    }
    assert {
        "raw/workflow_executions_simple",
        "marts/workflow_daily_usage",
        "marts/popular_workflows",
        "marts/organisation_insights",
        "mining/usage_insights",
    } <= fresh
    assert not fresh & {"raw/users", "readers/dashboard", "staging/stg_users", "raw/retired_days"}


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (["raw", "workflow_executions_simple"], "usage_pipeline/defs/executions.py"),
        (["marts", "popular_workflows"], "dbt_project/models/marts/popular_workflows.sql"),
    ],
)
def test_an_asset_says_where_it_is_written(
    definitions: dg.Definitions, path: list[str], file: str
) -> None:
    metadata = _graph(definitions).get(dg.AssetKey(path)).metadata
    references = metadata["dagster/code_references"].code_references
    assert [Path(each.file_path) for each in references] == [CHECKOUT / file]


def test_who_reads_the_marts_is_an_asset_with_an_address(definitions: dg.Definitions) -> None:
    graph = _graph(definitions)
    dashboard = dg.AssetKey(["readers", "dashboard"])
    assert dg.AssetKey(["marts", "popular_workflows"]) in graph.get(dashboard).parent_keys
    assert dashboard not in graph.materializable_asset_keys
    url = graph.get(dashboard).metadata["url"]
    assert url.value == "http://127.0.0.1:8000/organisation"


def test_lineage_runs_from_raw_executions_into_the_marts(definitions: dg.Definitions) -> None:
    graph = _graph(definitions)
    staged = graph.get(dg.AssetKey(["staging", "stg_workflow_executions"]))
    assert staged.parent_keys == {_EXECUTIONS}


def test_mining_comes_after_the_load_and_the_marts_and_before_what_reads_it(
    definitions: dg.Definitions,
) -> None:
    graph = _graph(definitions)

    def before(*path: str) -> set[str]:
        """Everything upstream of an asset."""
        found, rest = set(), [dg.AssetKey(list(path))]
        while rest:
            parents = graph.get(rest.pop()).parent_keys - found
            found |= parents
            rest += parents
        return {key.to_user_string() for key in found}

    statistics = {f"mining/daily_{name}" for name in ("sequences", "transitions", "hours")}
    assert "raw/workflow_executions_simple" in before("mining", "daily_sequences")
    assert statistics | {"marts/user_workflow_stats"} <= before("mining", "usage_insights")
    assert "mining/popular_sequences" in before("marts", "organisation_insights")
    assert statistics | {"marts/warehouse_as_of"} <= before("raw", "retired_days")


def test_dbt_tests_and_raw_checks_are_asset_checks(definitions: dg.Definitions) -> None:
    checks = {key.name for key in _graph(definitions).asset_check_keys}
    assert {
        "every_row_accounted_for",
        "few_rows_rejected",
        "volume_is_usual",
        "no_day_is_missing",
        "hours_account_for_every_execution_by_people",
    } <= checks
    singular = {file.stem for file in (CHECKOUT / "dbt_project" / "tests").glob("assert_*.sql")}
    assert singular
    assert singular - checks == set()


@pytest.mark.parametrize("name", ["nightly", "backfill"])
def test_the_jobs_are_partitioned_by_day_and_hold_every_asset(
    definitions: dg.Definitions, name: str
) -> None:
    job = definitions.resolve_job_def(name)
    assert isinstance(job.partitions_def, dg.DailyPartitionsDefinition)
    assert job.asset_layer.selected_asset_keys == set(
        definitions.resolve_asset_graph().materializable_asset_keys
    )


def test_the_nightly_schedule_runs_by_itself(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly")
    assert schedule.cron_schedule == "30 1 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_dagster_s_own_validation_passes_without_a_database(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "USAGE_HOME": str(tmp_path),
            "USAGE_DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "Validation successful" in result.stdout + result.stderr
    # The command warns of itself; nothing of ours may warn.
    assert "BetaWarning" not in result.stderr
    assert "usage_pipeline/" not in result.stderr


def test_sources_expect_the_days_they_name() -> None:
    config = SourceConfig(name="apps", path="apps/{day}.csv", until="2026-06-28")  # type: ignore[arg-type]
    days = [datetime(2026, 6, day, tzinfo=ZoneInfo("UTC")).date() for day in (28, 29)]
    assert [config.expects(day) for day in days] == [True, False]
