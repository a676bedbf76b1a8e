"""Loads one day: stage, COPY, merge copies, swap the partition, account for every row.

All of it is one transaction. A kill at any point leaves the day as it was, and no reader sees
half of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.executions import identities, rejected
from usage_pipeline.warehouse.executions.copies import (
    add_earlier_late_rows,
    late_rows,
    merge_copies,
)
from usage_pipeline.warehouse.executions.partition import (
    create_stage,
    index_stage,
    partition_of,
    swap,
)
from usage_pipeline.warehouse.executions.retirement import drop_already_retired, is_retired
from usage_pipeline.warehouse.locks import lock_day
from usage_pipeline.warehouse.people.forgotten import Forgotten, forgotten_users

# Enough to see what is wrong with a source; a file that is all wrong must not fill the warehouse.
# All are counted.
REJECTED_ROWS_KEPT: Final = 100_000

_COLUMNS = (
    "id", "user_id", "workflow_id", "start_time", "end_time", "status", "trigger_type",
    "error_message", "input_size", "output_size", "cost", "execution_date", "source",
    "source_id", "attempt", "source_status", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class DayInput:
    """What one source gives for one day.

    Attributes:
        source: the source's name.
        batches: its executions of the day, accepted and rejected rows.
        inputs: what was read, one record a file, for the ledger.
    """

    source: str
    batches: Iterable[ReadBatch]
    inputs: Sequence[Mapping[str, Any]] = ()


@dataclass
class SourceLoad:
    """Where the rows of one source and day went: read = loaded + rejected + duplicates."""

    source: str
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    replaced: int = 0
    late: int = 0

    @property
    def read(self) -> int:
        """Rows the source gave."""
        return self.accepted + self.rejected

    @property
    def loaded(self) -> int:
        """Executions of this source that the day holds now."""
        return self.accepted - self.duplicates


@dataclass(frozen=True)
class DayLoad:
    """The result of loading one day."""

    day: date
    sources: list[SourceLoad] = field(default_factory=list)

    def total(self, count: str) -> int:
        """Sum one count, such as `read` or `late`."""
        return sum(getattr(source, count) for source in self.sources)


def load_day(
    warehouse: Warehouse,
    day: date,
    inputs: Sequence[DayInput],
    *,
    rejected_kept: int = REJECTED_ROWS_KEPT,
) -> DayLoad:
    """Replace what the given sources have said of `day` by what they say now.

    Executions of the day that came from other sources stay. A source without any execution
    makes the day a loaded, empty day. For a day that was retired, executions already counted are
    duplicates, and the others are added on top. Executions of a forgotten user are counted under
    the anonymous one.

    Args:
        warehouse: where to load.
        day: the execution date; every accepted row must start on it.
        inputs: one per source; at least one.
        rejected_kept: how many rejected rows of a source are kept with their text.

    Raises:
        UsageError: the input cannot be read; nothing of the day was changed.
    """
    with warehouse.connect() as connection:
        lock_day(connection, day)
        gone = forgotten_users(connection)
        stage = create_stage(connection, day)
        seen = identities.Seen()
        loads = [
            _copy_source(connection, stage, day, given, rejected_kept, seen, gone)
            for given in inputs
        ]
        gone.move_executions(connection, stage)
        old = partition_of(connection, day)
        if is_retired(connection, day):
            _add_to_retired_day(connection, stage, old, day, loads)
        else:
            _replace_sources(connection, stage, old, day, loads)
        index_stage(connection, day)
        identities.upsert(connection, seen)
        _write_ledger(connection, day, inputs, loads)
        swap(connection, day, old, warehouse.lock_timeout)
    return DayLoad(day, loads)


def _copy_source(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    day: date,
    given: DayInput,
    rejected_kept: int,
    seen: identities.Seen,
    gone: Forgotten,
) -> SourceLoad:
    load = SourceLoad(given.source)
    rejected.clear(connection, day, given.source)
    for batch in given.batches:
        accepted, refused = batch.accepted, gone.blanked(batch.rejected)
        copied = copy_batch(connection, stage, accepted.select(list(_COLUMNS)))
        if copied != accepted.num_rows:
            raise RuntimeError(f"COPY took {copied} of {accepted.num_rows} rows")
        seen.add(accepted)
        rejected.append(connection, day, given.source, refused, load.rejected, rejected_kept)
        load.accepted += accepted.num_rows
        load.rejected += refused.num_rows
    return load


def _replace_sources(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    old: sql.Identifier | None,
    day: date,
    loads: list[SourceLoad],
) -> None:
    """Make the stage the whole day: what is loaded now, and what other sources said before."""
    if old is not None:
        rows = connection.execute(
            sql.SQL("select source, count(*) from {} group by source").format(old)
        ).fetchall()
        before: dict[str, int] = dict(rows)
        for load in loads:
            load.replaced = before.get(load.source, 0)
        columns = sql.SQL(", ").join(map(sql.Identifier, (*_COLUMNS, "created_at")))
        connection.execute(
            sql.SQL(
                "insert into {stage} ({c}) select {c} from {old} where source <> all (%s)"
            ).format(stage=stage, old=old, c=columns),
            [[load.source for load in loads]],
        )
    merged = merge_copies(connection, stage, day)
    for load in loads:
        load.duplicates = merged.get(load.source, 0)


def _add_to_retired_day(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    old: sql.Identifier | None,
    day: date,
    loads: list[SourceLoad],
) -> None:
    """Make the stage what is late for a day whose other executions are aggregates already."""
    counted = drop_already_retired(connection, stage, day)
    merged = merge_copies(connection, stage, day)
    arrived = late_rows(connection, stage, old)
    for load in loads:
        load.duplicates = counted.get(load.source, 0) + merged.get(load.source, 0)
        load.late = arrived.get(load.source, 0)
    if old is not None:
        add_earlier_late_rows(connection, stage, old, day)


def _write_ledger(
    connection: psycopg.Connection,
    day: date,
    inputs: Sequence[DayInput],
    loads: list[SourceLoad],
) -> None:
    for given, load in zip(inputs, loads, strict=True):
        connection.execute(
            "insert into raw.load_ledger (execution_date, source, read_count, loaded_count, "
            "rejected_count, duplicate_count, inputs, late_count) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s) "
            "on conflict (execution_date, source) do update set "
            "read_count = excluded.read_count, loaded_count = excluded.loaded_count, "
            "rejected_count = excluded.rejected_count, "
            "duplicate_count = excluded.duplicate_count, inputs = excluded.inputs, "
            "late_count = load_ledger.late_count + excluded.late_count, "
            "loaded_at = excluded.loaded_at",
            [
                day, given.source, load.read, load.loaded, load.rejected, load.duplicates,
                Jsonb([dict(record) for record in given.inputs]), load.late,
            ],
        )  # fmt: skip
