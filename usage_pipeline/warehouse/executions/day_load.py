"""Loads one day: stage, COPY, merge copies, swap the partition, account for every row.

All of it is one transaction. A kill at any point leaves every day as it was, and no reader sees
half of one. Copies of an execution on other days change those days in the same transaction.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.sources.conform.error_classes import error_classes
from usage_pipeline.sources.source import Replaces
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.copy import copy_batch
from usage_pipeline.warehouse.executions import (
    accounts,
    identities,
    rejected,
    retired_copies,
    scattered,
)
from usage_pipeline.warehouse.executions.accounts import SourceLoad
from usage_pipeline.warehouse.executions.copies import merge_into_stage, merge_stage
from usage_pipeline.warehouse.executions.partition import (
    DELIVERED_COLUMNS,
    EXECUTION_COLUMNS,
    create_stage,
    index_stage,
    listed,
    partition_of,
    swap,
)
from usage_pipeline.warehouse.executions.retired_copies import FormerIds
from usage_pipeline.warehouse.locks import lock_days, lock_merging, lock_stage
from usage_pipeline.warehouse.people.forgotten import Forgotten, forgotten_users


@dataclass(frozen=True)
class DayInput:
    """The delivery of one source for one day.

    Attributes:
        source: the source's name.
        batches: its executions of the day, accepted and rejected rows.
        inputs: what was read, one record a file, for the ledger.
        replaces: what the delivery replaces.
        former_ids: the ids that its executions had before schema 0014.
    """

    source: str
    batches: Iterable[ReadBatch]
    inputs: Sequence[Mapping[str, Any]] = ()
    replaces: Replaces = "day"
    former_ids: FormerIds | None = None


@dataclass(frozen=True)
class DayLoad:
    """The result of loading one day.

    Attributes:
        day: the execution date.
        sources: where the rows of each source went.
        changed_days: other days whose executions the load has changed, in order.
    """

    day: date
    sources: list[SourceLoad] = field(default_factory=list)
    changed_days: tuple[date, ...] = ()

    def total(self, count: str) -> int:
        """Sum one count, such as `read` or `late`."""
        return sum(getattr(source, count) for source in self.sources)


def load_day(
    warehouse: Warehouse,
    day: date,
    inputs: Sequence[DayInput],
    *,
    rejected_kept: int = 100_000,
    replace_retired: bool = False,
) -> DayLoad:
    """Load what sources say of `day`, in place of what a complete delivery replaces.

    Rows of other sources stay. A source without any execution makes the day a loaded, empty day.
    A retired day is counted anew from a complete delivery that holds every execution counted of its
    source; from any other one, what is new is added. Executions of a forgotten user are counted
    under the anonymous one.

    Args:
        warehouse: where to load.
        day: the execution date; every accepted row must start on it.
        inputs: one per source; at least one.
        rejected_kept: how many rejected rows of a source are kept with their text.
        replace_retired: count a retired day anew from complete deliveries that do not hold every
            execution counted, too.

    Raises:
        UsageError: the input cannot be read, or cannot be told from what is counted; nothing was
            changed.
    """
    with warehouse.connect() as connection:
        lock_stage(connection, day)
        loading = _Loading(connection, day, inputs, rejected_kept, warehouse.lock_timeout)
        loading.copy()
        # From here on one load at a time: it must see the copies that the others have of its
        # executions on other days.
        lock_merging(connection)
        names = [delivery.source for delivery in inputs]
        others = scattered.other_days(connection, loading.stage, day, names)
        lock_days(connection, [day, *others])
        return loading.finish(replace_retired)


class _Loading:
    """The transaction of one load."""

    def __init__(
        self,
        connection: psycopg.Connection,
        day: date,
        inputs: Sequence[DayInput],
        rejected_kept: int,
        lock_timeout: float,
    ) -> None:
        self._connection = connection
        self._day = day
        self._inputs = inputs
        self._kept = rejected_kept
        self._lock_timeout = lock_timeout
        self._seen = identities.Seen()
        self._loads = {delivery.source: SourceLoad(delivery.source) for delivery in inputs}
        self._replaces: dict[str, Replaces] = {
            delivery.source: delivery.replaces for delivery in inputs
        }
        self.stage = create_stage(connection, day)

    def copy(self) -> None:
        """Copy all rows into the stage and merge the copies among them."""
        forgotten = forgotten_users(self._connection)
        for delivery in self._inputs:
            self._copy_source(delivery, forgotten)
        forgotten.move_executions(self._connection, self.stage)
        dropped = merge_stage(self._connection, self.stage, self._day, self._kept)
        self._refuse(dropped.refused)
        for (_, source), count in dropped.duplicates.items():
            self._loads[source].duplicates += count
        index_stage(self._connection, self._day)

    def finish(self, replace_retired: bool) -> DayLoad:
        """Make the stage the day."""
        connection, day = self._connection, self._day
        old = partition_of(connection, day)
        before = _counts(connection, old)
        retired = _retired(connection, day)
        recounted = self._reopen(retired, replace_retired)
        held = self._leave_counted(retired, recounted, old)
        for source, load in self._loads.items():
            if self._replaces[source] == "day":
                load.replaced = before.get(source, 0) + recounted.get(source, 0)
        changed = self._bring_together(old)
        self._account(retired, recounted, held)
        accounts.move(connection, *changed)
        identities.upsert(connection, self._seen)
        swap(connection, day, old, self._lock_timeout)
        days = sorted({other for counts in changed for other, _ in counts})
        return DayLoad(day, list(self._loads.values()), tuple(days))

    def _copy_source(self, delivery: DayInput, forgotten: Forgotten) -> None:
        connection, day, load = self._connection, self._day, self._loads[delivery.source]
        rejected.clear(connection, day, delivery.source)
        former = delivery.former_ids
        if former and not retired_copies.has_former_ids(connection, day, delivery.source):
            former = None
        for batch in delivery.batches:
            accepted, refused = batch.accepted, forgotten.blanked(batch.rejected)
            delivered = _with_error_class(accepted, forgotten)
            copied = copy_batch(connection, self.stage, delivered.select(list(DELIVERED_COLUMNS)))
            if copied != accepted.num_rows:
                raise RuntimeError(f"COPY took {copied} of {accepted.num_rows} rows")
            if former:
                retired_copies.note_former_ids(connection, accepted, former)
            self._seen.add(accepted)
            rejected.append(connection, day, delivery.source, refused, load.rejected, self._kept)
            load.read += accepted.num_rows + refused.num_rows
            load.rejected += refused.num_rows

    def _reopen(self, retired: Mapping[str, int], replace_retired: bool) -> dict[str, int]:
        """Take back what is counted of sources that deliver all of it, or more.

        Returns:
            How many of the delivered executions were counted, for each such source.
        """
        whole: dict[str, retired_copies.Counted] = {}
        for delivery in self._inputs:
            source = delivery.source
            if not retired.get(source):
                continue
            counted = retired_copies.compare(
                self._connection,
                self.stage,
                self._day,
                source,
                renew=delivery.former_ids is not None,
            )
            missing = retired[source] - counted.delivered
            if delivery.replaces == "day" and (replace_retired or not missing):
                whole[source] = counted
                continue
            if counted.remembered < retired[source] or (
                delivery.replaces == "day" and counted.former
            ):
                retired_copies.refuse_unknown(self._day, source)
            self._loads[source].missing = missing if delivery.replaces == "day" else 0
        if not whole or not retired_copies.can_take_back(self._connection, self._day, whole):
            if whole and replace_retired:
                retired_copies.refuse_shared(self._day, whole)
            whole = {}
        for source, counted in whole.items():
            self._loads[source].corrected = counted.corrected
        retired_copies.take_back(self._connection, self._day, list(whole))
        return {source: counted.delivered for source, counted in whole.items()}

    def _leave_counted(
        self, retired: Mapping[str, int], recounted: Mapping[str, int], old: sql.Identifier | None
    ) -> Counter[str]:
        """Take what is counted out of the stage; return how much of it is this day's, by source."""
        dropped, held = retired_copies.drop_counted(
            self._connection, self.stage, self._day, self._kept
        )
        self._refuse(dropped.refused, are_conflicts=False)
        for source, load in self._loads.items():
            if retired.get(source):
                if source not in recounted and self._replaces[source] == "day":
                    self._replaces[source] = "nothing"
                new = _not_in(self._connection, self.stage, old, source)
                load.late = new - recounted.get(source, 0)
        return held

    def _bring_together(
        self, old: sql.Identifier | None
    ) -> tuple[Counter[tuple[date, str]], Counter[tuple[date, str]]]:
        """Put beside the delivered executions what stays of the day, and copies of other days.

        Returns:
            How other days and sources change, and which of their copies are rejected.
        """
        connection, day = self._connection, self._day
        names = list(self._loads)
        if old is not None:
            connection.execute(
                sql.SQL("insert into {} ({c}) select {c} from {} where source <> all ({})").format(
                    self.stage, old, sql.Literal(names), c=listed(EXECUTION_COLUMNS)
                )
            )
        current = [name for name in names if self._replaces[name] == "executions"]
        removed = scattered.remove_elsewhere(connection, self.stage, day, current)
        staying = [name for name in names if self._replaces[name] != "day"]
        rows = scattered.said_before(old, self.stage, day, staying, current)
        if staying and _has_rows(connection, rows):
            merged = merge_into_stage(connection, self.stage, day, rows, self._kept)
            self._refuse(merged.refused)
        gathered = scattered.gather(
            connection,
            self.stage,
            day,
            names,
            rejected_kept=self._kept,
            lock_timeout=self._lock_timeout,
        )
        own = {key: count for key, count in gathered.refused.items() if key[0] == day}
        self._refuse(own)
        changed = Counter({key: removed[key] + gathered.changed[key]
                           for key in {*removed, *gathered.changed}})  # fmt: skip
        return changed, Counter({k: n for k, n in gathered.refused.items() if k not in own})

    def _refuse(
        self, refused: Mapping[tuple[date, str], int], *, are_conflicts: bool = True
    ) -> None:
        for (_, source), count in refused.items():
            self._loads[source].rejected += count
            self._loads[source].conflicts += count if are_conflicts else 0

    def _account(
        self, retired: Mapping[str, int], recounted: Mapping[str, int], held: Mapping[str, int]
    ) -> None:
        staged = _staged(self._connection, self.stage)
        for delivery in self._inputs:
            load = self._loads[delivery.source]
            delivered, total = staged.get(delivery.source, (0, 0))
            counted = 0 if delivery.source in recounted else retired.get(delivery.source, 0)
            there = delivered + held.get(delivery.source, 0)
            # A copy of an earlier delivery may have been the one that was rejected.
            load.rejected = min(load.rejected, load.read - there)
            load.duplicates = load.read - load.rejected - there
            load.kept = total + counted - there
            accounts.write(self._connection, self._day, load, delivery.inputs)


def _with_error_class(accepted: pa.Table, forgotten: Forgotten) -> pa.Table:
    """Executions with the column `error_class`, which names nobody who was forgotten."""
    classes = error_classes(accepted["error_message"], accepted["status"])
    return pa.Table.from_batches(accepted.to_batches(), accepted.schema).append_column(
        "error_class", forgotten.without_names(classes)
    )


def _counts(connection: psycopg.Connection, table: sql.Identifier | None) -> dict[str, int]:
    if table is None:
        return {}
    counted = sql.SQL("select source, count(*) from {} group by source").format(table)
    return dict(connection.execute(counted).fetchall())


def _retired(connection: psycopg.Connection, day: date) -> dict[str, int]:
    """The retired executions of a day, by source."""
    return dict(
        connection.execute(
            "select source, retired_count from raw.load_ledger "
            "where execution_date = %s and retired_count > 0",
            [day],
        ).fetchall()
    )


def _staged(connection: psycopg.Connection, stage: sql.Identifier) -> dict[str, tuple[int, int]]:
    """Executions in a stage by source: those delivered now, and all."""
    counted = sql.SQL(
        "select source, count(*) filter (where created_at = current_timestamp), count(*) "
        "from {} group by source"
    ).format(stage)
    return {row[0]: (row[1], row[2]) for row in connection.execute(counted).fetchall()}


def _not_in(
    connection: psycopg.Connection,
    stage: sql.Identifier,
    old: sql.Identifier | None,
    source: str,
) -> int:
    """How many executions of a source are in a stage and not in a partition."""
    earlier = (
        sql.SQL("false")
        if old is None
        else sql.SQL(
            "exists (select from {} as earlier "
            "where earlier.id = late.id and earlier.source = late.source)"
        ).format(old)
    )
    statement = sql.SQL("select count(*) from {} as late where source = {} and not {}")
    row = connection.execute(statement.format(stage, sql.Literal(source), earlier)).fetchone()
    return 0 if row is None else int(row[0])


def _has_rows(connection: psycopg.Connection, rows: sql.Composable) -> bool:
    row = connection.execute(sql.SQL("select exists ({})").format(rows)).fetchone()
    return bool(row and row[0])
