"""The empty table that stages are made like."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0007_stages"
down_revision = "0006_faults"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
