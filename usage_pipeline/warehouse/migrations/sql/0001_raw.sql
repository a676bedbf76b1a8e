create schema if not exists raw;
create schema if not exists mining;

-- Facts about this warehouse that must never change under loaded data, such as the time zone.
create table raw.warehouse_settings (
    name text primary key,
    value text not null
);

-- One row per execution and attempt. Partitioned by execution date: one partition a loaded day.
create table raw.workflow_executions_simple (
    id uuid not null,
    user_id uuid not null,
    workflow_id uuid not null,
    start_time timestamptz not null,
    end_time timestamptz,
    status varchar(20) not null
        check (status in ('started', 'completed', 'failed', 'cancelled')),
    trigger_type varchar(20)
        check (trigger_type in ('manual', 'scheduled', 'api', 'chained')),
    error_message text,
    created_at timestamptz not null default current_timestamp,
    input_size bigint,
    output_size bigint,
    cost numeric(18, 6),
    execution_date date not null,
    source text not null,
    source_id text not null,
    attempt integer not null default 1,
    source_status text,
    updated_at timestamptz,
    primary key (id, source, execution_date),
    check (end_time >= start_time)
) partition by range (execution_date);

create index idx_executions_user
    on raw.workflow_executions_simple (user_id, start_time desc);

-- One row per workflow: its latest known name and its id in the source.
create table raw.workflows (
    workflow_id uuid primary key,
    workflow_name varchar(255),
    source text not null,
    source_workflow_id text not null,
    name_seen_at timestamptz
);

-- One row per user: the id it has in the source, readable beside ours.
create table raw.users (
    user_id uuid primary key,
    source text not null,
    source_user_id text not null
);

-- One row per input row that could not be loaded, charged to one day.
create table raw.rejected_executions (
    rejected_id bigint generated always as identity primary key,
    execution_date date not null,
    source text not null,
    location text not null,
    reason text not null,
    original text not null,
    rejected_at timestamptz not null default current_timestamp
);

create index idx_rejected_day on raw.rejected_executions (execution_date, source);

-- One row per day and source: what its last load read and where every row of it went.
create table raw.load_ledger (
    execution_date date not null,
    source text not null,
    read_count bigint not null,
    loaded_count bigint not null,
    rejected_count bigint not null,
    duplicate_count bigint not null,
    inputs jsonb not null default '[]'::jsonb,
    loaded_at timestamptz not null default current_timestamp,
    retired_at timestamptz,
    retired_count bigint not null default 0,
    primary key (execution_date, source),
    constraint every_row_read_is_accounted_for
        check (read_count = loaded_count + rejected_count + duplicate_count)
);

create table raw.workflow_favorites (
    user_id uuid not null,
    workflow_id uuid not null,
    added_at timestamptz not null default current_timestamp,
    usage_count integer not null default 0,
    last_used timestamptz,
    custom_name varchar(255),
    category varchar(100),
    primary key (user_id, workflow_id)
);

-- What executions left behind when their day was retired. Additive columns only.
create table raw.retired_usage (
    execution_date date not null,
    user_id uuid not null,
    workflow_id uuid not null,
    execution_count integer not null,
    success_count integer not null,
    failure_count integer not null,
    cancelled_count integer not null,
    open_count integer not null,
    people_execution_count integer not null,
    duration_count integer not null,
    total_duration_ms bigint not null,
    total_cost numeric(24, 6),
    first_started_at timestamptz not null,
    last_started_at timestamptz not null,
    last_people_started_at timestamptz,
    last_people_failed boolean,
    primary key (execution_date, user_id, workflow_id),
    check (execution_count = success_count + failure_count + cancelled_count + open_count)
);

-- The duration histogram of retired executions; bucket b holds durations in [1.1^b, 1.1^(b+1)) ms.
create table raw.retired_durations (
    execution_date date not null,
    user_id uuid not null,
    workflow_id uuid not null,
    duration_bucket smallint not null,
    duration_count integer not null,
    primary key (execution_date, user_id, workflow_id, duration_bucket)
);

-- The role BI tools read marts and mining with. Roles belong to the server, not to the database,
-- so another database of the same server may have made it already.
do $$
begin
    if not exists (select from pg_roles where rolname = 'usage_reader') then
        create role usage_reader nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;
