-- Facts kept for ever with each user, workflow and day, because nothing brings them back once the
-- executions are gone. Days that were retired before do not have them: they are NULL there.
alter table raw.workflow_executions_simple add column queued_at timestamptz;
alter table raw.staged_executions add column queued_at timestamptz;
alter table raw.scattered_copies add column queued_at timestamptz;
alter table raw.retired_copies add column queued_at timestamptz;

comment on column raw.workflow_executions_simple.queued_at is
'When the execution began to wait for its start; empty where the source does not say.';

alter table raw.retired_usage
add column manual_count integer,
add column api_count integer,
add column scheduled_count integer,
add column chained_count integer,
add column untriggered_count integer,
add column retry_count integer,
add column recovered_count integer,
add column failed_duration_ms bigint,
add column cancelled_duration_ms bigint,
add column failed_cost numeric(24, 6),
add column cancelled_cost numeric(24, 6),
add column waiting_count integer,
add column total_waiting_ms bigint,
add column input_size_count integer,
add column total_input_size numeric(30, 0),
add column output_size_count integer,
add column total_output_size numeric(30, 0);

-- Buckets of base 1.1 by their middle, in buckets of base 1.02: the error of up to 5 % that they had
-- stays, and up to 1 % comes to it.
create temporary table rebucketed on commit drop as
select
    execution_date, user_id, workflow_id,
    floor((duration_bucket + 0.5) * ln(1.1::double precision) / ln(1.02::double precision))::smallint
        as duration_bucket,
    duration_count
from raw.retired_durations;
delete from raw.retired_durations;
insert into raw.retired_durations (execution_date, user_id, workflow_id, duration_bucket, duration_count)
select execution_date, user_id, workflow_id, duration_bucket, duration_count from rebucketed;

-- The mart likewise, so that no percentile mixes two scales until the next build. Days with executions
-- are built again and are exact then.
do $$
begin
    if to_regclass('marts.user_workflow_durations') is null then
        return;
    end if;
    create temporary table rebucketed_mart on commit drop as
    select
        execution_date, user_id, workflow_id,
        floor((duration_bucket + 0.5) * ln(1.1::double precision) / ln(1.02::double precision))::smallint
            as duration_bucket,
        duration_count
    from marts.user_workflow_durations;
    delete from marts.user_workflow_durations;
    insert into marts.user_workflow_durations
        (execution_date, user_id, workflow_id, duration_bucket, duration_count)
    select execution_date, user_id, workflow_id, duration_bucket, duration_count from rebucketed_mart;
end
$$;
delete from raw.built_days
where execution_date in (select distinct execution_date from raw.workflow_executions_simple);
