"""The numbers behind insights and patterns as columns with a definition each."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0010_evidence"
down_revision = "0009_built_days"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
