"""Versioned changes of the schemas Python owns, run by Alembic.

Each version is one SQL file in `sql/` with a thin revision in `versions/`. Marts, staging and
intermediate belong to dbt and never appear here.
"""
