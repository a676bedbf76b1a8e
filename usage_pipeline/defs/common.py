"""Shared by all definitions: owners, keys, and the way to the warehouse.

Assets get settings in one way: from the resource `warehouse`, when they run.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import dagster as dg

from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.failures import warehouse_errors
from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import as_of_day
from usage_pipeline.warehouse.migrate import open_current_warehouse

OWNERS: Final = ["team:data"]
KINDS: Final = {"python", "postgres"}

EXECUTIONS: Final = dg.AssetKey(["raw", "workflow_executions_simple"])
LEDGER: Final = dg.AssetKey(["raw", "load_ledger"])
AS_OF: Final = dg.AssetKey(["marts", "warehouse_as_of"])
DAILY_STATISTICS: Final = [
    dg.AssetKey(["mining", f"daily_{name}"])
    for name in ("sequences", "transitions", "step_counts", "hours")
]

# The groups of assets in their order, in which no arrow runs back. Those between are in
# `dbt_project.yml`.
INGEST: Final = "ingest"
MINING: Final = "mining"
UPKEEP: Final = "upkeep"
READERS: Final = "readers"
GROUPS: Final = (
    INGEST, "staging", "usage_daily", "usage_current", MINING, "organisation", UPKEEP,
    READERS,
)  # fmt: skip

# One run covers all the days of a backfill: loading and building many together is cheaper.
ONE_RUN: Final = dg.BackfillPolicy.single_run()
# Nothing else does the same. The filter has to be in place before the first asset is defined.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
# The web UI shows where an asset is written; without it, a link to the code has to be kept by hand.
for _beta in (
    "Function `with_source_code_references`",
    "Class `LocalFileCodeReference`",
    "Class `CodeReferencesMetadataValue`",
):
    warnings.filterwarnings("ignore", _beta, dg.BetaWarning)

DAILY: Final = {"usage/partitions": "daily"}
"""Marks a daily asset until `with_partitions` gives it its days, whose first one is a setting."""


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Gives assets the warehouse, started and migrated; read from the settings at run time.

    It holds no configuration of its own, so that no secret reaches run metadata.
    """

    def settings(self) -> Settings:
        """The settings of the process that runs the asset."""
        return read_settings()

    def open(self) -> Warehouse:
        """The warehouse, with the embedded server running and the schema current."""
        return open_current_warehouse(self.settings())


def source_key(name: str) -> dg.AssetKey:
    """The asset that stands for a declared source, where lineage begins."""
    return dg.AssetKey(["sources", name])


def daily_spec(
    key: dg.AssetKey,
    description: str,
    *,
    deps: Sequence[dg.AssetKey] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """One of the daily assets of a multi-asset."""
    return dg.AssetSpec(
        key,
        deps=deps,
        description=description,
        metadata=metadata,
        tags=DAILY,
        owners=OWNERS,
        kinds=KINDS,
    )


def with_partitions(
    asset: dg.AssetsDefinition, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset with the partitions of a code location, where it is daily."""

    def partitioned(spec: dg.AssetSpec) -> dg.AssetSpec:
        if not DAILY.items() <= spec.tags.items():
            return spec
        tags = {name: text for name, text in spec.tags.items() if name not in DAILY}
        return spec.replace_attributes(partitions_def=partitions, tags=tags)

    return asset.map_asset_specs(partitioned)


@contextmanager
def opened(resource: WarehouseResource) -> Iterator[Warehouse]:
    """The warehouse for the length of a block; how the step fails says `warehouse_errors`."""
    with warehouse_errors():
        yield resource.open()


def as_of_run(warehouse: Warehouse, days: Sequence[date]) -> date:
    """The as-of date of a run over these days.

    Raises:
        UsageError: no day is loaded.
    """
    with warehouse.connect() as connection:
        as_of = as_of_day(connection, days)
    if as_of is None:
        raise UsageError(
            "No day is loaded yet: load one first, for example with "
            "usage-pipeline load --files 'exports/*.csv.gz'."
        )
    return as_of
