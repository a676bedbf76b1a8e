"""Accounts of loads: where every delivered row went, and what a day holds, in `raw.load_ledger`.

read = loaded + rejected + duplicates holds for every delivery. A day holds loaded + kept executions
of a source, live and retired.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb


@dataclass
class SourceLoad:
    """Where the rows of one source and day went: read = loaded + rejected + duplicates.

    Attributes:
        source: the source's name.
        read: rows that it delivered.
        rejected: of these, rows that could not be loaded.
        duplicates: of these, further copies of an execution.
        conflicts: of the rejected ones, copies that name another user than the one that stands.
        kept: executions of the day that the delivery does not mention, and that stay.
        replaced: executions of the day before, of a delivery that replaces them.
        late: executions that are new to a day that was retired before.
        corrected: retired executions that were counted anew, differently.
        missing: executions counted that the delivery of a retired day does not have, so that what
            is counted stays.
    """

    source: str
    read: int = 0
    rejected: int = 0
    duplicates: int = 0
    conflicts: int = 0
    kept: int = 0
    replaced: int = 0
    late: int = 0
    corrected: int = 0
    missing: int = 0

    @property
    def loaded(self) -> int:
        """Executions that the source delivered and the day holds now."""
        return self.read - self.rejected - self.duplicates


def write(
    connection: psycopg.Connection,
    day: date,
    load: SourceLoad,
    inputs: Iterable[Mapping[str, Any]],
) -> None:
    """Write the account of a day and source."""
    connection.execute(
        "insert into raw.load_ledger (execution_date, source, read_count, loaded_count, "
        "rejected_count, duplicate_count, inputs, late_count, kept_count, corrected_count, "
        "conflict_count) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (execution_date, source) do update set "
        "read_count = excluded.read_count, loaded_count = excluded.loaded_count, "
        "rejected_count = excluded.rejected_count, "
        "duplicate_count = excluded.duplicate_count, inputs = excluded.inputs, "
        "late_count = load_ledger.late_count + excluded.late_count, "
        "kept_count = excluded.kept_count, corrected_count = excluded.corrected_count, "
        "conflict_count = excluded.conflict_count, loaded_at = excluded.loaded_at",
        [
            day, load.source, load.read, load.loaded, load.rejected, load.duplicates,
            Jsonb([dict(record) for record in inputs]), load.late, load.kept, load.corrected,
            load.conflicts,
        ],
    )  # fmt: skip


def move(
    connection: psycopg.Connection,
    changed: Mapping[tuple[date, str], int],
    refused: Mapping[tuple[date, str], int],
) -> None:
    """Change the accounts of other days whose executions a load has moved.

    An execution that belongs to another day is a duplicate of it here.

    Args:
        connection: the load's transaction.
        changed: how many executions more a day and source has.
        refused: copies of a day and source that are rejected now.
    """
    more = Counter(dict(changed))
    for day, source in sorted({*changed, *refused}):
        connection.execute(
            _MOVE,
            {
                "day": day,
                "source": source,
                "more": max(more[day, source], 0),
                "fewer": max(-more[day, source], 0),
                "refused": refused.get((day, source), 0),
            },
        )


# Those that an earlier delivery left are moved first: of the last one every row has an account.
_MOVE = """
with parts as (
    select greatest(least(kept_count, %(fewer)s), 0) as from_kept,
        greatest(least(duplicate_count, %(more)s), 0) as from_duplicates
    from raw.load_ledger where execution_date = %(day)s and source = %(source)s
),
moved as (
    select %(fewer)s - from_kept as to_duplicates, %(more)s - from_duplicates as to_kept,
        from_kept, from_duplicates
    from parts
),
told as (
    select ledger.duplicate_count + to_duplicates - from_duplicates as duplicates, moved.*
    from raw.load_ledger as ledger cross join moved
    where execution_date = %(day)s and source = %(source)s
)
update raw.load_ledger as ledger set
    kept_count = kept_count - from_kept + to_kept,
    loaded_count = loaded_count - to_duplicates + from_duplicates,
    duplicate_count = duplicates - least(duplicates, %(refused)s),
    rejected_count = rejected_count + least(duplicates, %(refused)s),
    conflict_count = conflict_count + %(refused)s,
    loaded_at = current_timestamp
from told
where execution_date = %(day)s and source = %(source)s
"""
