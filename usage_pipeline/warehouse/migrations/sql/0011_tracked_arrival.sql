-- When a report arrived is told by this server's clock, never by that of a process of the API, and
-- by the transaction that wrote it: one that began before a load has read and was committed
-- afterwards is known by its number, however long it took.
alter table raw.tracked_executions add column written_in bigint not null default 0;

comment on column raw.tracked_executions.written_in is
'The transaction that wrote the row; 0 for one that is older than this column.';

create or replace function raw.track_executions(states json) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
    insert into raw.tracked_executions as known (
        id, status, user_id, workflow_id, workflow_name, source_user_id, source_workflow_id,
        source_id, attempt, start_time, is_start_given, end_time, duration_ms,
        trigger_type, error_message, input_size, output_size, cost, updated_at, content_hash,
        received_at, written_in
    )
    select distinct on (id, status)
        id, status, user_id, workflow_id, workflow_name, source_user_id, source_workflow_id,
        source_id, attempt,
        -- Of a state that says nothing about its times: when it arrived, or so long before.
        coalesce(
            start_time, current_timestamp - coalesce(duration_ms, 0) * interval '1 millisecond'
        ),
        is_start_given, end_time, duration_ms,
        trigger_type, error_message, input_size, output_size, cost, updated_at, content_hash,
        current_timestamp, pg_current_xact_id()::text::bigint
    from json_populate_recordset(null::raw.tracked_executions, states)
    order by id, status, updated_at desc nulls last, content_hash desc
    on conflict (id, status) do update set
        workflow_id = excluded.workflow_id, workflow_name = excluded.workflow_name,
        source_workflow_id = excluded.source_workflow_id,
        start_time = excluded.start_time, is_start_given = excluded.is_start_given,
        end_time = excluded.end_time, duration_ms = excluded.duration_ms,
        trigger_type = excluded.trigger_type,
        error_message = excluded.error_message, input_size = excluded.input_size,
        output_size = excluded.output_size, cost = excluded.cost,
        updated_at = excluded.updated_at, content_hash = excluded.content_hash,
        received_at = excluded.received_at, written_in = excluded.written_in
    where
        (coalesce(excluded.updated_at, '-infinity'), excluded.content_hash)
        > (coalesce(known.updated_at, '-infinity'), known.content_hash);
end;
