"""${message}."""

from usage_pipeline.warehouse.migrate import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Run the SQL file of this version."""
    run_sql(revision)
