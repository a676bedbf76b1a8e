"""The delivery of a day: copies, faults and late rows beside the true executions.

Every row is still a row of an Arrow table here. Faults that no Arrow column can hold, such as an
unreadable time, are only marked; `render` writes them.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.synthetic.columns import numbered_text, uuid_text
from usage_pipeline.synthetic.model import DIRTY_KINDS, DirtyKind, GeneratorConfig, Purpose, stream

CLEAN = -1
UNKNOWN_STATUS = "exploded"
_MAX_DAYS_LATE = 3
_EMPTY_IN_STARTED_COPY = ("end_time", "error_message", "output_size", "cost")

Faults = npt.NDArray[np.int8]


@dataclass(slots=True)
class DeliveryCounts:
    """Row counts of a day's files; see `truth.DayTotals`."""

    rows: int = 0
    started_copies: int = 0
    exact_copies: int = 0
    dirty: dict[DirtyKind, int] = field(default_factory=dict)
    delivered_late: int = 0
    late_rows: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Rows in the order of the file; `faults` numbers `DIRTY_KINDS`, `CLEAN` for none.

    `later` are the executions kept back, by the day on which they are delivered.
    """

    rows: pa.Table
    faults: Faults
    later: dict[date, pa.Table]
    counts: DeliveryCounts


def deliver(
    config: GeneratorConfig, day: date, table: pa.Table, kinds: tuple[DirtyKind, ...]
) -> Delivery:
    """Turn a day's executions into what its file holds, with faults of these kinds only."""
    random = stream(config.seed, Purpose.DELIVERY, config.day_index(day))
    count = table.num_rows
    kinds = kinds if config.dirty_share else ()
    days_late = np.where(
        random.random(count) < config.late_share, random.integers(1, _MAX_DAYS_LATE + 1, count), 0
    )
    days_late = np.minimum(days_late, (config.last_day - day).days)
    dirty, faults = _dirty_rows(random, config, day, table, kinds)
    on_time = np.flatnonzero(days_late == 0)
    started, exact = _copies(random, config, table, on_time)
    # Where a row goes in the file: by its start, a started copy just before the execution, other
    # additions anywhere.
    place = np.concatenate(
        [
            on_time.astype(np.float64),
            started - 0.5,
            random.uniform(0, max(count, 1), len(exact)),
            random.uniform(0, max(count, 1), dirty.num_rows),
        ]
    )
    rows = pa.concat_tables(
        [
            table.take(pa.array(on_time)),
            _in_started_state(table.take(pa.array(started))),
            table.take(pa.array(exact)),
            dirty,
        ]
    )
    all_faults = np.full(rows.num_rows, CLEAN, dtype=np.int8)
    all_faults[rows.num_rows - dirty.num_rows :] = faults
    order = np.argsort(place, kind="stable")
    counts = DeliveryCounts(
        rows=rows.num_rows,
        started_copies=len(started),
        exact_copies=len(exact),
        dirty={kind: int((faults == DIRTY_KINDS.index(kind)).sum()) for kind in kinds},
        delivered_late=count - len(on_time),
    )
    if len(order) != count or len(on_time) != count:
        rows, all_faults = rows.take(pa.array(order)), all_faults[order]
    later = {
        day + timedelta(days=int(late)): table.take(pa.array(np.flatnonzero(days_late == late)))
        for late in np.unique(days_late[days_late > 0])
    }
    return Delivery(rows, all_faults, later, counts)


def with_late_rows(delivery: Delivery, late: list[pa.Table]) -> Delivery:
    """The same delivery with late rows of earlier days at its end."""
    rows = pa.concat_tables([delivery.rows, *late])
    faults = np.full(rows.num_rows, CLEAN, dtype=np.int8)
    faults[: delivery.rows.num_rows] = delivery.faults
    return Delivery(rows, faults, delivery.later, delivery.counts)


def _copies(
    random: np.random.Generator,
    config: GeneratorConfig,
    table: pa.Table,
    on_time: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Positions of the finished executions that get a started copy, and of exact copies."""
    copied = on_time[random.random(len(on_time)) < config.duplicate_share]
    finished = pc.not_equal(table["status"], "started").to_numpy()[copied]
    as_started = (random.random(len(copied)) < 0.5) & finished
    return copied[as_started], copied[~as_started]


def _in_started_state(rows: pa.Table) -> pa.Table:
    """The rows as they were when the executions had just started."""
    for name in _EMPTY_IN_STARTED_COPY:
        rows = _replace(rows, name, pa.nulls(rows.num_rows, rows.schema.field(name).type))
    rows = _replace(rows, "status", _repeat("started", rows.num_rows))
    return _replace(rows, "updated_at", rows["start_time"])


def _dirty_rows(
    random: np.random.Generator,
    config: GeneratorConfig,
    day: date,
    table: pa.Table,
    kinds: tuple[DirtyKind, ...],
) -> tuple[pa.Table, Faults]:
    """New rows made of random executions, each with one fault."""
    count = int(random.binomial(table.num_rows, config.dirty_share)) if kinds else 0
    codes = np.array([DIRTY_KINDS.index(kind) for kind in kinds], dtype=np.int8)
    faults = random.choice(codes, count) if count else np.zeros(0, dtype=np.int8)
    rows = table.take(pa.array(random.integers(0, max(table.num_rows, 1), count)))
    if config.execution_ids == "uuid":
        ids = uuid_text(random, count)
    else:
        ids = numbered_text(f"bad-{day:%Y%m%d}-", count, 8)
    rows = _replace(rows, "id", ids)
    rows = _replace(rows, "attempt", pa.array(np.ones(count, dtype=np.int32)))
    nothing = pa.scalar(None, pa.string())
    rows = _where(rows, faults, "missing_user", "user_id", nothing)
    rows = _where(rows, faults, "unknown_status", "status", pa.scalar(UNKNOWN_STATUS))
    return _where(rows, faults, "missing_workflow", "workflow_id", nothing), faults


def _where(
    rows: pa.Table,
    faults: Faults,
    kind: DirtyKind,
    column: str,
    value: pa.Scalar | pa.ChunkedArray,
) -> pa.Table:
    mask = pa.array(faults == DIRTY_KINDS.index(kind))
    return _replace(rows, column, pc.if_else(mask, value, rows[column]))


def _replace(rows: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    position = rows.schema.get_field_index(column)
    return rows.set_column(position, rows.schema.field(position), values)


def _repeat(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)
