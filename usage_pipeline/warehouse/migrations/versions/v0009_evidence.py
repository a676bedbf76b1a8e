"""The numbers behind insights and patterns as columns with a definition each."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0009_evidence"
down_revision = "0008_stages"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
