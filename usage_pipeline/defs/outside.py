"""Assets that the night does not make: the tables that it reads, and who reads its marts.

Both are declared in dbt, as sources and exposures. Nothing here can be materialized.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dagster as dg

from usage_pipeline.api.server import address_of
from usage_pipeline.defs.common import INGEST, OWNERS, READERS
from usage_pipeline.settings import Settings


def outside_assets(
    manifest: Mapping[str, Any], settings: Settings, made: Collection[dg.AssetKey]
) -> list[dg.AssetSpec]:
    """The sources that no asset of ours makes, and the exposures.

    Args:
        manifest: dbt's.
        settings: where the API and the dashboard are.
        made: the assets that the night makes.
    """
    sources = [spec for spec in _sources(manifest) if spec.key not in made]
    return [*sources, *_exposures(manifest, settings)]


def _sources(manifest: Mapping[str, Any]) -> Iterator[dg.AssetSpec]:
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
