"""The users that were forgotten, by which a later load knows them."""

from usage_pipeline.warehouse.migrate import run_sql

revision = "0003_erasure"
down_revision = "0002_retirement"


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
