"""Opening the warehouse for a command: settings, embedded server, migrations."""

from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.warehouse.connection import Warehouse, open_warehouse
from usage_pipeline.warehouse.migrate import migrate


def opened() -> tuple[Settings, Warehouse]:
    """The settings and the warehouse, started and migrated."""
    settings = read_settings()
    warehouse = open_warehouse(settings)
    migrate(warehouse)
    return settings, warehouse
