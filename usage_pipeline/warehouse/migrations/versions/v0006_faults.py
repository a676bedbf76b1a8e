"""How many executions came late, and the days that could not be loaded."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0006_faults"
down_revision = "0005_mining"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
