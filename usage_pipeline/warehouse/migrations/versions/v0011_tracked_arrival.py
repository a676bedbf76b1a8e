"""When tracked executions arrived, by the clock and the transactions of the warehouse."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0011_tracked_arrival"
down_revision = "0010_evidence"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
