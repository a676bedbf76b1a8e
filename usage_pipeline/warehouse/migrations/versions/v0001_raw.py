"""The raw schema: executions, ledger, rejected rows, favourites, retired aggregates."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0001_raw"
down_revision = None


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
