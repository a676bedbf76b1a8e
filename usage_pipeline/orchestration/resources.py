"""Thin Dagster wrappers around plain classes. No logic here."""

import dagster as dg

from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.warehouse.connection import Warehouse, open_warehouse
from usage_pipeline.warehouse.migrate import migrate


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Gives assets the warehouse, started and migrated; read from the settings at run time.

    It holds no configuration of its own, so that no secret reaches run metadata.
    """

    def settings(self) -> Settings:
        """The settings of the process that runs the asset."""
        return read_settings()

    def open(self) -> Warehouse:
        """The warehouse, with the embedded server running and the schema current."""
        warehouse = open_warehouse(self.settings())
        migrate(warehouse)
        return warehouse
