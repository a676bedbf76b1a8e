"""Until when a repeated delivery is recognised."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0013_forgotten_ids"
down_revision = "0012_duties"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
