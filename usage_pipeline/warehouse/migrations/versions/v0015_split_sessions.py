"""How many sessions of a sequence are pieces of one that was split."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0015_split_sessions"
down_revision = "0014_identity"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
