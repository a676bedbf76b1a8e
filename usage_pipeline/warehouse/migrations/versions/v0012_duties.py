"""Who does what: the load, dbt and mining each by a role of its own."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0012_duties"
down_revision = "0011_tracked_arrival"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
