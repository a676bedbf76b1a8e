"""The ids that retirement has counted, by which late executions are told from repeated ones."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0002_retirement"
down_revision = "0001_raw"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
