"""What the HTTP API keeps: tracked executions, keys, templates, and whose rows it may touch."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0006_api"
down_revision = "0005_mining"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
