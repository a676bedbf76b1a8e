"""Which loads the marts know of."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0009_built_days"
down_revision = "0008_stages"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
