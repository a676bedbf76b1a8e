"""The as-of date of a run, or the sentence that says why there is none."""

from collections.abc import Sequence
from datetime import date

from usage_pipeline.errors import UsageError
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import as_of_day


def as_of_run(warehouse: Warehouse, days: Sequence[date]) -> date:
    """The as-of date of a run over these days.

    Raises:
        UsageError: no day is loaded.
    """
    with warehouse.connect() as connection:
        as_of = as_of_day(connection, days)
    if as_of is None:
        raise UsageError(
            "No day is loaded yet: load one first, for example with "
            "usage-pipeline load --files 'exports/*.csv.gz'."
        )
    return as_of
