"""Tracked executions as a source: what applications reported to the API, day by day.

It needs no declaration: from the first execution tracked on, each day has it. A day in which
nothing was tracked is an empty day, for no file of it can be missing. How reports get in stands in
`api/collector.py`; which report of one state stays, in the migration that made the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import dbapi
from psycopg import sql

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.execution_dates import day_bounds, execution_dates
from usage_pipeline.identity import former_tracked_ids
from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, REJECTED_SCHEMA, ReadBatch
from usage_pipeline.sources.source import Replaces
from usage_pipeline.terms import STATUS_RANK
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_NAME, ANONYMOUS_USER

TRACKED: Final = "tracked"
# Loads of before it was noted which transactions they had seen: a report may have been committed a
# moment after a load that began after it arrived had read.
_OVERLAP = timedelta(minutes=1)

# One row per execution: what its furthest state says, with what only an earlier one has. DESIGN,
# "Execution identity". The start is the earliest that an application gave, else the earliest that
# follows from when states arrived; an end that nobody gave is when the last state arrived, if an
# earlier state tells when it began.
_OF_DAY = """
with candidates as (
    select distinct id from raw.tracked_executions
    where start_time >= {first} and start_time < {end}
),
states as (
    select
        state.*,
        count(*) over (partition by state.id) as state_count,
        row_number() over (
            partition by state.id
            order by
                (state.status <> 'started') desc,
                state.updated_at desc nulls last,
                array_position({rank}::text[], state.status::text) desc
        ) as place
    from raw.tracked_executions as state
    inner join candidates using (id)
),
started as (
    select
        id,
        (array_agg(start_time order by is_start_given desc, start_time))[1] as start_time,
        bool_or(is_start_given) as is_start_given,
        (array_agg(workflow_name order by place) filter (where workflow_name is not null))[1]
            as workflow_name,
        (array_agg(trigger_type order by place) filter (where trigger_type is not null))[1]
            as trigger_type,
        (array_agg(input_size order by place) filter (where input_size is not null))[1]
            as input_size,
        (array_agg(output_size order by place) filter (where output_size is not null))[1]
            as output_size,
        (array_agg(cost order by place) filter (where cost is not null))[1] as cost
    from states
    group by id
)
select
    last.id::text as id,
    last.user_id::text as user_id,
    last.workflow_id::text as workflow_id,
    started.workflow_name,
    started.start_time,
    case
        when last.status = 'started' then null
        when last.end_time is null and last.duration_ms is not null
            then started.start_time + last.duration_ms * interval '1 millisecond'
        when last.end_time > started.start_time
            or (last.end_time is not null and started.is_start_given)
            then greatest(last.end_time, started.start_time)
        when last.end_time is null and last.state_count > 1
            then greatest(last.received_at, started.start_time)
    end as end_time,
    last.status,
    started.trigger_type,
    last.error_message,
    started.input_size,
    started.output_size,
    started.cost::text as cost,
    last.source_id,
    last.attempt,
    last.updated_at,
    last.source_user_id,
    last.source_workflow_id
from states as last
inner join started on last.id = started.id
where last.place = 1 and started.start_time >= {first} and started.start_time < {end}
order by last.id
"""
# In steps of 15 minutes, on which the days of every zone begin.
_ARRIVED = """
select date_bin('15 minutes', state.start_time, 'epoch') as start_time,
    max(latest.received_at) as received_at,
    -- A number of the future is one of another server, which this warehouse was restored from.
    coalesce(max(latest.written_in) filter (
        where latest.written_in < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    ), 0) as written_in
from (
    select id, max(received_at) as received_at, max(written_in) as written_in
    from raw.tracked_executions
    where received_at > current_timestamp - %(kept)s group by id
) as latest
inner join raw.tracked_executions as state on latest.id = state.id
group by 1
"""
_LOADED = """
select execution_date, loaded_at, (inputs -> 0 ->> 'unseen_from')::bigint as unseen_from
from raw.load_ledger where source = %(source)s
"""
# Every transaction before this number was over: what it wrote is seen by whoever reads from now on.
_UNSEEN_FROM = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as unseen_from"


@dataclass(frozen=True)
class TrackedDays:
    """Which days tracked executions are of.

    Attributes:
        first: the first day with one.
        late: days whose last load has not seen all that arrived for them.
    """

    first: date
    late: frozenset[date]


def tracked_days(warehouse: Warehouse, kept_days: int) -> TrackedDays | None:
    """The days of tracked executions; None while nothing was ever tracked.

    Args:
        warehouse: where.
        kept_days: how far back reports are looked at.
    """
    with warehouse.connect() as connection:
        row = connection.execute("select min(start_time) from raw.tracked_executions").fetchone()
        if row is None or row[0] is None:
            return None
        arrived = connection.execute(_ARRIVED, {"kept": timedelta(days=kept_days)}).fetchall()
        loaded = {
            day: _Load(loaded_at, unseen_from)
            for day, loaded_at, unseen_from in connection.execute(_LOADED, {"source": TRACKED})
        }
    first = _dates([row[0]], warehouse.timezone)[0]
    days = _dates([start for start, _, _ in arrived], warehouse.timezone)
    late = {
        day
        for day, (_, received, written_in) in zip(days, arrived, strict=True)
        if day not in loaded or loaded[day].may_have_missed(received, written_in)
    }
    return TrackedDays(first, frozenset(late))


@dataclass(frozen=True)
class _Load:
    """The last load of a day: when it began, and from which transaction on it may have missed."""

    loaded_at: datetime
    unseen_from: int | None

    def may_have_missed(self, received: datetime, written_in: int) -> bool:
        if self.unseen_from is None:
            return received > self.loaded_at - _OVERLAP
        return written_in >= self.unseen_from or received > self.loaded_at


class TrackedSource:
    """Tracked executions, as a `Source`."""

    def __init__(self, warehouse: Warehouse, first: date) -> None:
        """Read from the warehouse.

        Args:
            warehouse: where.
            first: the first day with a tracked execution.
        """
        self._warehouse = warehouse
        self._first = first
        self._unseen_from: dict[date, int] = {}

    @property
    def name(self) -> str:
        """The source's name."""
        return TRACKED

    @property
    def replaces(self) -> Replaces:
        """Each execution that is reported, as all of its reports say; those gone by stay."""
        return "executions"

    def former_ids(self, rows: pa.Table) -> pa.Array:
        """The ids that reported executions had before schema 0014."""
        columns = (rows[name].combine_chunks() for name in ("user_id", "attempt", "source_id"))
        return former_tracked_ids(*columns)

    def expects(self, day: date) -> bool:
        """Whether the day is one of this source."""
        return day >= self._first

    def days(self, first: date | None = None, last: date | None = None) -> list[date]:
        """The days with a report, in order."""
        with self._warehouse.connect() as connection:
            rows = connection.execute(
                "select distinct date_bin('15 minutes', start_time, 'epoch') "
                "from raw.tracked_executions"
            ).fetchall()
        days = set(_dates([row[0] for row in rows], self._warehouse.timezone))
        return sorted(day for day in days if (first or date.min) <= day <= (last or date.max))

    def read_day(self, day: date) -> Iterator[ReadBatch]:
        """The executions of a day; none is rejected, for that is done when they come in."""
        first, end = day_bounds(day, self._warehouse.timezone)
        query = sql.SQL(_OF_DAY).format(
            first=sql.Literal(first), end=sql.Literal(end), rank=sql.Literal(list(STATUS_RANK))
        )
        # Noted before the rows are read: what is committed in between is read twice, and not never.
        with self._warehouse.connect() as connection:
            row = connection.execute(_UNSEEN_FROM).fetchone()
        self._unseen_from[day] = row[0] if row else 0
        table = _canonical(_rows(self._warehouse, query), self._warehouse.timezone)
        table = table.filter(pc.equal(table["execution_date"], pa.scalar(day, pa.date32())))
        return iter([ReadBatch(table, REJECTED_SCHEMA.empty_table())])

    def inputs(self, day: date) -> list[dict[str, Any]]:
        """No file, but which transactions the last reading of the day may not have seen."""
        return [{"unseen_from": self._unseen_from[day]}]


def forget_before(connection: psycopg.Connection, day: date) -> int:
    """Drop the reports of executions that started before a day (in UTC), and keys of requests."""
    start = datetime.combine(day, time.min, UTC)
    connection.execute("delete from raw.request_keys where first_used_at < %s", [start])
    return connection.execute(
        "delete from raw.tracked_executions where start_time < %s", [start]
    ).rowcount


def forget_users(connection: psycopg.Connection) -> int:
    """Give what was tracked of forgotten users to the anonymous one; their counts stay."""
    return connection.execute(
        "update raw.tracked_executions as tracked "
        "set user_id = %s, source_user_id = %s, error_message = null "
        "from raw.forgotten_users as gone where gone.user_id = tracked.user_id",
        [ANONYMOUS_USER, ANONYMOUS_NAME],
    ).rowcount


def _rows(warehouse: Warehouse, query: sql.Composable) -> pa.Table:
    try:
        with dbapi.connect(warehouse.conninfo()) as connection, connection.cursor() as cursor:
            cursor.execute(query.as_string(None))
            return cursor.fetch_arrow_table()
    except dbapi.OperationalError as error:
        raise WarehouseUnavailableError(
            f"Reading from the warehouse at {warehouse.address} failed: nothing of this step was "
            "kept; run it again."
        ) from error


def _canonical(rows: pa.Table, zone: str) -> pa.Table:
    """The rows in `CANONICAL_SCHEMA`."""
    start = rows["start_time"].combine_chunks().cast(pa.timestamp("us", tz="UTC"))
    added = {
        "execution_date": execution_dates(start, zone),
        "source": pa.repeat(pa.scalar(TRACKED), rows.num_rows),
        "source_status": pa.nulls(rows.num_rows, pa.string()),
        "queued_at": pa.nulls(rows.num_rows, start.type),
    }
    columns = [
        (added[field.name] if field.name in added else rows[field.name]).cast(field.type)
        for field in CANONICAL_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=CANONICAL_SCHEMA)


def _dates(instants: list[datetime], zone: str) -> list[date]:
    days: list[date] = execution_dates(
        pa.array(instants, pa.timestamp("us", tz="UTC")), zone
    ).to_pylist()
    return days
