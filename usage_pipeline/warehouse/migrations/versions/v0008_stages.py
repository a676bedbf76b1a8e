"""The empty table that stages are made like."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0008_stages"
down_revision = "0007_api"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
