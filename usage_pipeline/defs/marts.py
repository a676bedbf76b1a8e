"""The second step of a run: the dbt models as assets, one invocation for all days of a run."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from usage_pipeline.defs.common import (
    INGEST,
    ONE_RUN,
    OWNERS,
    WarehouseResource,
    as_of_run,
    opened,
)
from usage_pipeline.orchestration.failures import dbt_errors
from usage_pipeline.orchestration.partitions import days_of
from usage_pipeline.processes import ended_with_block, parent_environment
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import (
    build_arguments,
    connected_environment,
    dbt_environment,
    dbt_executable,
    prepared_manifest,
    project_directory,
    run_folder,
)
from usage_pipeline.warehouse import built_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.locks import building
from usage_pipeline.warehouse.roles import Role
from usage_pipeline.warehouse.tables import row_count, rows_of_days

_log = logging.getLogger(__name__)
_DAY_COLUMNS = ("execution_date", "as_of_date")
_AFTER_MINING = "tag:after_mining"


class LayerTranslator(DagsterDbtTranslator):
    """Groups models by steps, keys them by schema and name, partitions what holds rows of days."""

    def __init__(self, partitions: dg.DailyPartitionsDefinition) -> None:
        """Translate for these daily partitions."""
        super().__init__(
            DagsterDbtTranslatorSettings(
                enable_source_tests_as_checks=True, enable_code_references=True
            )
        )
        self._partitions = partitions

    def get_partitions_def(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.PartitionsDefinition | None:
        """Daily for what holds rows of days; views and current state are of no day."""
        holds_days = "replaced_column" in dbt_resource_props.get("config", {}).get("meta", {})
        return self._partitions if holds_days else None

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """What `dbt_project.yml` says; sources stand with what is ingested."""
        if dbt_resource_props["resource_type"] == "source":
            return INGEST
        return str(dbt_resource_props["config"]["meta"]["dagster"]["group"])

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name, as in the warehouse."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([str(dbt_resource_props["fqn"][1]), str(dbt_resource_props["name"])])


def mart_assets(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> tuple[list[dg.AssetsDefinition], DbtCliResource]:
    """The dbt assets and the resource that runs them.

    Marts that read mined tables are built in a step of their own: mining reads the other marts.

    Raises:
        UsageError: the dbt project cannot be parsed.
    """
    project = DbtProject(
        project_dir=project_directory(),
        target_path=settings.dbt_target,
        profiles_dir=project_directory(),
    )
    translator = LayerTranslator(partitions)
    assets = [
        _build_step(
            settings, project, translator, "build_marts", exclude=_AFTER_MINING, notes_days=True
        ),
        _build_step(
            settings, project, translator, "build_organisation_marts", select=_AFTER_MINING
        ),
    ]
    return assets, DbtCliResource(project_dir=project, dbt_executable=dbt_executable())


def _build_step(
    settings: Settings,
    project: DbtProject,
    translator: LayerTranslator,
    name: str,
    *,
    select: str = "fqn:*",
    exclude: str | None = None,
    notes_days: bool = False,
) -> dg.AssetsDefinition:
    """One invocation of dbt.

    Args:
        settings: where the manifest is.
        project: the dbt project.
        translator: how models become assets.
        name: the step's name.
        select: dbt's selection of the models.
        exclude: what it leaves out.
        notes_days: whether the marts count a day once this step has built it as a whole.
    """
    manifest = prepared_manifest(settings)
    day_columns = _day_columns(manifest, translator)

    @dbt_assets(
        manifest=manifest,
        select=select,
        exclude=exclude,
        name=name,
        project=project,
        backfill_policy=ONE_RUN,
        dagster_dbt_translator=translator,
    )
    def build(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource, dbt: DbtCliResource
    ) -> Any:
        run_settings = warehouse.settings()
        with opened(warehouse) as target, building(target):
            as_of = as_of_run(target, days_of(context))
            days = days_of(context) or [as_of]
            with target.connect() as connection:
                first, last = built_days.with_changed_days(connection, days[0], days[-1], as_of)
                loads = built_days.loads(connection, first, last)
            environment = {
                **dbt_environment(target, run_settings.dbt_threads),
                **parent_environment(),
            }
            with connected_environment(environment), dbt_errors():
                invocation = dbt.cli(
                    build_arguments(first, last, as_of),
                    context=context,
                    target_path=run_folder(run_settings, context.run.run_id),
                )
                with ended_with_block(invocation.process):
                    for event in invocation.stream():
                        if isinstance(event, dg.Output):
                            _log.info("built %s", event.metadata["unique_id"].value)
                            key = context.asset_key_for_output(event.output_name)
                            rows = _row_count(key, target)
                            for day, count in _day_counts(key, target, day_columns, days).items():
                                by_day = {"dagster/partition_row_count": count}
                                context.add_asset_metadata(by_day, key, day.isoformat())
                            yield event.with_metadata({**event.metadata, **rows})
                        else:
                            yield event
            # A run of hand-picked models leaves days half built, so they are not noted.
            if notes_days and not context.is_subset:
                with target.acting_as(Role.LOADER).connect() as connection:
                    built_days.note(connection, loads)

    return build.map_asset_specs(lambda spec: spec.replace_attributes(owners=OWNERS))


def _day_columns(manifest: Path, translator: LayerTranslator) -> dict[dg.AssetKey, str]:
    """The column of each mart that says of which day a row is; a week is not a partition."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    columns = {
        translator.get_asset_key(node): node["config"]["meta"].get("replaced_column")
        for node in nodes
        if node["resource_type"] == "model"
    }
    return {key: column for key, column in columns.items() if column in _DAY_COLUMNS}


def _day_counts(
    key: dg.AssetKey,
    warehouse: Warehouse,
    day_columns: Mapping[dg.AssetKey, str],
    days: Sequence[date],
) -> dict[date, int]:
    """The rows of each day of the run, so that a partition's count means that partition."""
    if key not in day_columns:
        return {}
    with warehouse.connect() as connection:
        counts = rows_of_days(connection, *key.path, column=day_columns[key], days=days)
    return {day: counts.get(day, 0) for day in days}


def _row_count(key: dg.AssetKey, warehouse: Warehouse) -> dict[str, int]:
    """The rows that a table holds, as metadata.

    dagster-dbt's own `fetch_row_counts` asks in the database that the manifest was parsed with, and
    keeps a core busy with waiting for as long as dbt runs.
    """
    with warehouse.connect() as connection:
        rows = row_count(connection, *key.path)
    return {} if rows is None else {"dagster/row_count": rows}
