"""Assets that the night does not make: the systems and tables it reads, and who reads its marts.

The sources file declares the systems; dbt declares the tables and the readers, as sources and
exposures. Nothing here can be materialized.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dagster as dg

from usage_pipeline.api.server import address_of
from usage_pipeline.defs.common import EXECUTIONS, INGEST, OWNERS, READERS, source_key
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig


def outside_assets(
    manifest: Mapping[str, Any],
    settings: Settings,
    made: Collection[dg.AssetKey],
    declared: Sequence[SourceConfig],
) -> list[dg.AssetSpec]:
    """The declared sources, the tables that no asset of ours makes, and the exposures.

    Args:
        manifest: dbt's.
        settings: where the API and the dashboard are.
        made: the assets that the night makes.
        declared: the sources that the sources file declares.
    """
    tables = [spec for spec in _tables(manifest) if spec.key not in made]
    return [*map(_declared_source, declared), *tables, *_exposures(manifest, settings)]


def with_sources(
    asset: dg.AssetsDefinition, declared: Sequence[SourceConfig]
) -> dg.AssetsDefinition:
    """The asset, with the declared sources upstream where it holds their executions."""
    upstream = [dg.AssetDep(source_key(config.name)) for config in declared]

    def downstream(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key != EXECUTIONS:
            return spec
        return spec.replace_attributes(deps=[*spec.deps, *upstream])

    return asset.map_asset_specs(downstream)


def _declared_source(config: SourceConfig) -> dg.AssetSpec:
    what = "Files that are read" if config.kind == "files" else f"The executions of {config.kind}"
    return dg.AssetSpec(
        source_key(config.name),
        description=f"{what} as the source {config.name}. Each load of it is an observation.",
        group_name=INGEST,
        owners=OWNERS,
        kinds={config.kind},
    )


def _tables(manifest: Mapping[str, Any]) -> Iterator[dg.AssetSpec]:
    for source in manifest["sources"].values():
        yield dg.AssetSpec(
            dg.AssetKey([source["source_name"], source["name"]]),
            description=source["description"].strip(),
            group_name=INGEST,
            owners=OWNERS,
            kinds={"postgres"},
        )


def _exposures(manifest: Mapping[str, Any], settings: Settings) -> Iterator[dg.AssetSpec]:
    api = settings.api
    address = urlsplit(address_of(api.host, api.port))
    for exposure in manifest["exposures"].values():
        models = [manifest["nodes"][name]["fqn"] for name in exposure["depends_on"]["nodes"]]
        metadata = {}
        if exposure["url"]:
            # dbt knows the path alone: where the API listens is a setting.
            parts = urlsplit(exposure["url"])._replace(netloc=address.netloc)
            parts = parts._replace(path=api.base_path + parts.path)
            metadata["url"] = dg.MetadataValue.url(urlunsplit(parts))
        yield dg.AssetSpec(
            dg.AssetKey([READERS, exposure["name"]]),
            deps=[dg.AssetKey([fqn[1], fqn[-1]]) for fqn in models],
            description=exposure["description"].strip(),
            group_name=READERS,
            owners=OWNERS,
            kinds={exposure["type"]},
            metadata=metadata,
        )
