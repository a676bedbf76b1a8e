"""The roles of those who load, transform, read, and serve."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0004_roles"
down_revision = "0003_erasure"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
