"""The daily statistics, and what is mined from them."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0005_mining"
down_revision = "0004_roles"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
