"""What the HTTP API keeps: tracked executions, keys, templates, and whose rows it may touch."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0007_api"
down_revision = "0006_faults"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
