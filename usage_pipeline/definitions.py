"""The Dagster code location: assembles what `defs/` defines and binds its resources.

Loading it takes no database and no network. No asset, job or resource is defined here.
"""

import dagster as dg

from usage_pipeline.defs import build_definitions
from usage_pipeline.processes import drop_foreign_variables
from usage_pipeline.settings import read_settings


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for this process's settings."""
    drop_foreign_variables(("PG", "DBT_"))
    return build_definitions(read_settings())
