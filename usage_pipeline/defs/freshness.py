"""When an asset counts as fresh, so that the web UI shows nights that no longer come.

dbt says the same of the ledger (`loaded_at` in `_raw__sources.yml`).
"""

from datetime import timedelta
from typing import Final

import dagster as dg

from usage_pipeline.defs.common import EXECUTIONS, MINING

# A night comes every 24 hours and has 12 to be repeated in; a weekend may pass until it is mended.
_POLICY: Final = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=36), fail_window=timedelta(hours=72)
)
# The groups that people read. Views between hold what their neighbours hold.
_GROUPS: Final = ("usage_daily", "usage_current", MINING, "organisation")


def with_freshness(asset: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The asset with its policy, where it should be fresh each morning."""

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        is_read = spec.key == EXECUTIONS or spec.group_name in _GROUPS
        return dg.apply_freshness_policy(spec, _POLICY) if is_read else spec

    return asset.map_asset_specs(fresh)
