"""Aggregates that stay when a day is retired, and the proof that they lose nothing."""

from datetime import date

import psycopg
from psycopg import sql

from usage_pipeline.terms import (
    DURATION_BUCKET_BASE,
    MACHINE_TRIGGERS,
    NO_ERROR_CLASS,
    PEOPLE_TRIGGERS,
)
from usage_pipeline.warehouse.executions.additive import (
    DURATIONS_KEY,
    DURATIONS_MEASURES,
    ERRORS_KEY,
    ERRORS_MEASURES,
    USAGE_KEY,
    USAGE_MEASURES,
    add_rows,
)

USAGE = sql.Identifier("raw", "retired_usage")
DURATIONS = sql.Identifier("raw", "retired_durations")
ERRORS = sql.Identifier("raw", "retired_errors")


def aggregate(
    connection: psycopg.Connection, day: date, old: sql.Identifier, chosen: sql.SQL
) -> None:
    """Add the chosen executions of a partition to the retired aggregates of its day.

    Args:
        connection: the retirement's transaction.
        day: the execution date.
        old: the partition.
        chosen: the condition on its rows.

    Raises:
        RuntimeError: what was added does not account for every execution.
    """
    before = _aggregated(connection, day)
    _add_usage(connection, old, chosen)
    _add_durations(connection, old, chosen)
    _add_errors(connection, old, chosen)
    _prove(connection, old, chosen, before, _aggregated(connection, day))


# The same measures as the dbt models stg_workflow_executions and int_usage_contributions; a test
# holds the two together.
_MEASURES = """
    count(*) as execution_count,
    count(*) filter (where status = 'completed') as success_count,
    count(*) filter (where status = 'failed') as failure_count,
    count(*) filter (where status = 'cancelled') as cancelled_count,
    count(*) filter (where status = 'started') as open_count,
    count(*) filter (where is_by_people) as people_execution_count,
    count(duration_ms) as duration_count,
    coalesce(sum(duration_ms), 0)::bigint as total_duration_ms,
    sum(cost) as total_cost,
    count(*) filter (where trigger_type = 'manual') as manual_count,
    count(*) filter (where trigger_type = 'api') as api_count,
    count(*) filter (where trigger_type = 'scheduled') as scheduled_count,
    count(*) filter (where trigger_type = 'chained') as chained_count,
    count(*) filter (where trigger_type is null) as untriggered_count,
    count(*) filter (where attempt > 1) as retry_count,
    count(*) filter (where attempt > 1 and status = 'completed') as recovered_count,
    coalesce(sum(duration_ms) filter (where status = 'failed'), 0)::bigint as failed_duration_ms,
    coalesce(sum(duration_ms) filter (where status = 'cancelled'), 0)::bigint
        as cancelled_duration_ms,
    sum(cost) filter (where status = 'failed') as failed_cost,
    sum(cost) filter (where status = 'cancelled') as cancelled_cost,
    count(waiting_ms) as waiting_count,
    sum(waiting_ms)::bigint as total_waiting_ms,
    count(input_size) as input_size_count,
    sum(input_size) as total_input_size,
    count(output_size) as output_size_count,
    sum(output_size) as total_output_size
"""
_RETIRING = """
    select *,
        coalesce(trigger_type = any ({people}), true) as is_by_people,
        floor(extract(epoch from (end_time - start_time)) * 1000)::bigint as duration_ms,
        case when queued_at <= start_time
            then floor(extract(epoch from (start_time - queued_at)) * 1000)::bigint
        end as waiting_ms
    from {old}
    where {chosen}
"""


_LAST_PEOPLE_FAILED = """
    case when last_people_started_at is not null
        then coalesce(last_failed_at = last_people_started_at, false) end
"""


def _retiring(old: sql.Identifier, chosen: sql.SQL) -> sql.Composed:
    people = sql.Literal(list(PEOPLE_TRIGGERS))
    return sql.SQL(_RETIRING).format(old=old, chosen=chosen, people=people)


def _add_usage(connection: psycopg.Connection, old: sql.Identifier, chosen: sql.SQL) -> None:
    summed = sql.SQL(
        """
        retiring as ({retiring}),
        summed as (
            select execution_date, user_id, workflow_id, {measures},
                min(start_time) as first_started_at,
                max(start_time) as last_started_at,
                max(start_time) filter (where is_by_people) as last_people_started_at,
                max(start_time) filter (where is_by_people and status = 'failed') as last_failed_at
            from retiring
            group by execution_date, user_id, workflow_id
        )
        """
    ).format(retiring=_retiring(old, chosen), measures=sql.SQL(_MEASURES))
    values = [
        sql.SQL(_LAST_PEOPLE_FAILED) if column == "last_people_failed" else sql.Identifier(column)
        for column in (*USAGE_KEY, *USAGE_MEASURES)
    ]
    rows = sql.SQL("select {} from summed order by user_id, workflow_id").format(
        sql.SQL(", ").join(values)
    )
    add_rows(connection, USAGE, USAGE_KEY, USAGE_MEASURES, common=summed, rows=rows)


def _add_durations(connection: psycopg.Connection, old: sql.Identifier, chosen: sql.SQL) -> None:
    retiring = sql.SQL("retiring as ({})").format(_retiring(old, chosen))
    rows = sql.SQL(
        """
        select execution_date, user_id, workflow_id,
            case when duration_ms < 1 then -1
                else floor(
                    ln(greatest(duration_ms, 1)::double precision) / ln({base}::double precision)
                )
            end::smallint as duration_bucket,
            count(*)
        from retiring
        where duration_ms is not null
        group by execution_date, user_id, workflow_id, duration_bucket
        """
    ).format(base=sql.Literal(DURATION_BUCKET_BASE))
    add_rows(connection, DURATIONS, DURATIONS_KEY, DURATIONS_MEASURES, common=retiring, rows=rows)


def _add_errors(connection: psycopg.Connection, old: sql.Identifier, chosen: sql.SQL) -> None:
    retiring = sql.SQL("retiring as ({})").format(_retiring(old, chosen))
    rows = sql.SQL(
        """
        select execution_date, user_id, workflow_id,
            coalesce(error_class, {no_class}) as error_class,
            count(*)
        from retiring
        where status = 'failed'
        group by execution_date, user_id, workflow_id, coalesce(error_class, {no_class})
        """
    ).format(no_class=sql.Literal(NO_ERROR_CLASS))
    add_rows(connection, ERRORS, ERRORS_KEY, ERRORS_MEASURES, common=retiring, rows=rows)


_SUMS = """
    coalesce(sum(execution_count), 0), coalesce(sum(success_count), 0),
    coalesce(sum(failure_count), 0), coalesce(sum(cancelled_count), 0),
    coalesce(sum(open_count), 0), coalesce(sum(people_execution_count), 0),
    coalesce(sum(duration_count), 0), coalesce(sum(total_duration_ms), 0),
    coalesce(sum(total_cost), 0), coalesce(sum(manual_count + api_count + scheduled_count
        + chained_count + untriggered_count), 0), coalesce(sum(retry_count), 0),
    coalesce(sum(failed_duration_ms + cancelled_duration_ms), 0), coalesce(sum(waiting_count), 0),
    coalesce(sum(input_size_count), 0), coalesce(sum(output_size_count), 0)
"""


def _aggregated(connection: psycopg.Connection, day: date) -> tuple[int, ...]:
    """The day's retired sums, and the executions in its histogram and in its error classes."""
    row = connection.execute(
        sql.SQL(
            "select {}, (select coalesce(sum(duration_count), 0) from raw.retired_durations "
            "where execution_date = {day}), (select coalesce(sum(failure_count), 0) "
            "from raw.retired_errors where execution_date = {day}) "
            "from raw.retired_usage where execution_date = {day}"
        ).format(sql.SQL(_SUMS), day=sql.Literal(day))
    ).fetchone()
    return tuple(row or ())


def _prove(
    connection: psycopg.Connection,
    old: sql.Identifier,
    chosen: sql.SQL,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> None:
    # Counted on the executions themselves and by another path than the aggregates were.
    row = connection.execute(
        sql.SQL(
            "select count(*), count(*) filter (where status = 'completed'), "
            "count(*) filter (where status = 'failed'), "
            "count(*) filter (where status = 'cancelled'), "
            "count(*) filter (where status = 'started'), "
            "count(*) - count(*) filter (where trigger_type = any ({machines})), "
            "count(end_time), "
            "coalesce(sum(floor(extract(epoch from end_time - start_time) * 1000)), 0), "
            "coalesce(sum(cost), 0), count(*), count(*) - count(*) filter (where attempt <= 1), "
            "coalesce(sum(floor(extract(epoch from end_time - start_time) * 1000)) "
            "filter (where status not in ('completed', 'started')), 0), "
            "count(*) filter (where start_time >= queued_at), count(input_size), "
            "count(output_size), count(end_time), count(*) filter (where status = 'failed') "
            "from {old} where {chosen}"
        ).format(old=old, chosen=chosen, machines=sql.Literal(list(MACHINE_TRIGGERS)))
    ).fetchone()
    added = tuple(now - then for now, then in zip(after, before, strict=True))
    if row is None or tuple(row) != added:
        raise RuntimeError(f"the aggregates say {added} where the executions say {row}")
