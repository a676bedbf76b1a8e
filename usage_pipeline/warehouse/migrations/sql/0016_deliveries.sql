-- An execution has one day, that of its earliest known start. Where copies of one execution claim
-- several days, all of them are kept here until it is retired, so that each day can be delivered
-- again alone and in any order. The execution itself is in the partition of its day.
create table raw.scattered_copies (
    like raw.staged_executions including defaults including constraints,
    primary key (id, source, execution_date)
);
create index idx_scattered_day on raw.scattered_copies (execution_date, source);

comment on table raw.scattered_copies is
'One row per copy of an execution whose copies claim different days. execution_date is the day that the copy claims.';

-- The same of retired executions, as long as their ids are remembered: counting a day anew brings
-- together again what several days said.
create table raw.retired_copies (like raw.scattered_copies including all);

comment on table raw.retired_copies is
'One row per copy of a retired execution whose copies claim different days. execution_date is the day that the copy claims.';

grant select, insert, update, delete on raw.scattered_copies, raw.retired_copies to usage_loader;

-- What is remembered of a retired execution: enough to tell a copy that says the same, or is older,
-- from one that says something else. Empty for those retired before.
alter table raw.retired_executions
add column start_time timestamptz,
add column status varchar(20),
add column updated_at timestamptz,
add column content_hash bigint;

comment on column raw.retired_executions.content_hash is
'A hash of what the execution says beside its start, its status and its last update.';

-- How many executions of a workflow each source has left behind on a retired day: whether a source
-- can be corrected without what other sources said. Kept as long as the ids.
create table raw.retired_workflows (
    execution_date date not null,
    source text not null,
    workflow_id uuid not null,
    execution_count bigint not null,
    primary key (execution_date, source, workflow_id)
);

-- Of days retired before this table was there: those that only one source is of.
insert into raw.retired_workflows (execution_date, source, workflow_id, execution_count)
select usage.execution_date, min(ledger.source), usage.workflow_id, sum(usage.execution_count)
from raw.retired_usage as usage
inner join (
    select execution_date, min(source) as source
    from raw.load_ledger
    where retired_count > 0
    group by execution_date
    having count(*) = 1
) as ledger using (execution_date)
group by usage.execution_date, usage.workflow_id;

alter table raw.load_ledger
add column kept_count bigint not null default 0,
add column corrected_count bigint not null default 0,
add column conflict_count bigint not null default 0;

comment on column raw.load_ledger.kept_count is
'Executions of the day and source that the last delivery does not mention and that stay. With loaded_count: what the day holds of the source, retired executions included.';
comment on column raw.load_ledger.corrected_count is
'Executions already retired that the last load has counted anew, differently.';
comment on column raw.load_ledger.conflict_count is
'Copies of the last load that name another user than the copy that stands. They are rejected.';

update raw.load_ledger as ledger set kept_count = greatest(
    0,
    ledger.retired_count - ledger.loaded_count + (
        select count(*) from raw.workflow_executions_simple as execution
        where execution.execution_date = ledger.execution_date and execution.source = ledger.source
    )
)
where ledger.retired_count > 0;

grant update (id, is_former), delete on raw.retired_executions to usage_loader;

-- Takes back what retired executions of a day were counted as, so that the day is counted anew from
-- executions. Without workflows: the whole day.
create function raw.take_back_retired(day date, workflows uuid[]) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
    delete from raw.retired_usage
    where execution_date = day and (workflows is null or workflow_id = any(workflows));
    delete from raw.retired_durations
    where execution_date = day and (workflows is null or workflow_id = any(workflows));
end;

revoke all on function raw.take_back_retired(date, uuid[]) from public;
grant execute on function raw.take_back_retired(date, uuid[]) to usage_loader;
grant delete on raw.retired_workflows to usage_loader;

-- An empty partition of a day whose executions were dropped, for what belongs there after all.
create function raw.create_partition(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    fresh text := raw.partition_of(day);
begin
    execute format(
        'create table raw.%I partition of raw.workflow_executions_simple '
        'for values from (%L) to (%L)', fresh, day, day + 1
    );
    execute format('grant select, insert, update, delete on raw.%I to usage_loader', fresh);
end
$$;

revoke all on function raw.create_partition(date) from public;
grant execute on function raw.create_partition(date) to usage_loader;
