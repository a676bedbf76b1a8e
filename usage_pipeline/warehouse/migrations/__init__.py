"""Versioned changes of the schemas Python owns, run in the order of their names by `migrate`.

A version is one SQL file in `sql/`. Where SQL alone cannot make it, a module `v<version>` beside
this one has a function `prepare` that runs first. Marts, staging and intermediate belong to dbt
and never appear here.
"""
