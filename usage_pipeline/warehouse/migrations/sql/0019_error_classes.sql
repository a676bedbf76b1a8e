-- What went wrong, kept for ever with each user, workflow and day as a masked line of the message. Days
-- that were retired before do not have it: they have no rows here.
alter table raw.workflow_executions_simple add column if not exists error_class text;
alter table raw.staged_executions add column error_class text;
alter table raw.scattered_copies add column if not exists error_class text;
alter table raw.retired_copies add column if not exists error_class text;

comment on column raw.workflow_executions_simple.error_class is
'The message of a failed execution, masked: what it keeps for ever of it.';

create table raw.retired_errors (
    execution_date date not null,
    user_id uuid not null,
    workflow_id uuid not null,
    error_class text not null,
    failure_count integer not null,
    primary key (execution_date, user_id, workflow_id, error_class)
);

create or replace function raw.take_back_retired(day date, workflows uuid[]) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
    delete from raw.retired_usage
    where execution_date = day and (workflows is null or workflow_id = any(workflows));
    delete from raw.retired_durations
    where execution_date = day and (workflows is null or workflow_id = any(workflows));
    delete from raw.retired_errors
    where execution_date = day and (workflows is null or workflow_id = any(workflows));
end;
