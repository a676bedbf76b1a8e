-- What applications reported: one row per execution and status, so that states merge to the same
-- execution in whatever order they arrive. The load makes them part of their day.
create table raw.tracked_executions (
    -- Of user, the application's own execution id, and attempt: nobody can write another user's.
    id uuid not null,
    status varchar(20) not null
        check (status in ('started', 'completed', 'failed', 'cancelled')),
    user_id uuid not null,
    workflow_id uuid not null,
    workflow_name varchar(255),
    source_user_id text not null,
    source_workflow_id text not null,
    source_id text not null,
    attempt integer not null default 1 check (attempt > 0),
    -- When this state says the execution started; is_start_given tells a start that the application
    -- gave from one that follows from when the state arrived.
    start_time timestamptz not null,
    is_start_given boolean not null,
    end_time timestamptz,
    duration_ms bigint check (duration_ms >= 0),
    trigger_type varchar(20)
        check (trigger_type in ('manual', 'scheduled', 'api', 'chained')),
    error_message text,
    input_size bigint,
    output_size bigint,
    cost numeric(18, 6),
    -- Orders two reports of one state: the later one by the application's clock, then by content.
    updated_at timestamptz,
    content_hash text not null,
    received_at timestamptz not null default current_timestamp,
    primary key (id, status),
    check (end_time >= start_time)
);

create index idx_tracked_start on raw.tracked_executions (start_time);
create index idx_tracked_received on raw.tracked_executions (received_at);

-- The one way in for the API, which may not read what it took in. Of two reports of one state the
-- greater stays, so that a report sent again changes nothing. In the order of the key: two batches
-- at once cannot deadlock.
create function raw.track_executions(states json) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
    insert into raw.tracked_executions as known (
        id, status, user_id, workflow_id, workflow_name, source_user_id, source_workflow_id,
        source_id, attempt, start_time, is_start_given, end_time, duration_ms,
        trigger_type, error_message, input_size, output_size, cost, updated_at, content_hash,
        received_at
    )
    select distinct on (id, status)
        id, status, user_id, workflow_id, workflow_name, source_user_id, source_workflow_id,
        source_id, attempt, start_time, is_start_given, end_time, duration_ms,
        trigger_type, error_message, input_size, output_size, cost, updated_at, content_hash,
        received_at
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
        received_at = excluded.received_at
    where
        (coalesce(excluded.updated_at, '-infinity'), excluded.content_hash)
        > (coalesce(known.updated_at, '-infinity'), known.content_hash);
end;

revoke all on function raw.track_executions(json) from public;
grant execute on function raw.track_executions(json) to usage_api;

-- A key is 256 random bits, so one SHA-256 of it is enough; the key itself is kept nowhere.
create table raw.api_keys (
    key_id uuid primary key default gen_random_uuid(),
    name varchar(100) not null unique,
    key_hash bytea not null unique check (length(key_hash) = 32),
    scopes text[] not null
        check (
            cardinality(scopes) > 0
            and scopes <@ array['track', 'read:self', 'read:all', 'admin']
        ),
    -- Whose key it is: needed for read:self, none for a key of an application.
    user_id uuid,
    created_at timestamptz not null default current_timestamp,
    revoked_at timestamptz,
    last_used_at timestamptz,
    check (user_id is not null or not 'read:self' = any(scopes))
);

create table raw.workflow_templates (
    template_id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    name varchar(255) not null,
    sequence_id uuid not null,
    workflow_ids uuid[] not null,
    created_at timestamptz not null default current_timestamp,
    unique (user_id, sequence_id)
);

-- Where a person put a favourite; those never moved come last, by when they were added.
alter table raw.workflow_favorites add column position integer;

comment on column raw.workflow_favorites.usage_count is
'Executions by the user up to the as-of date, refreshed each night.';
comment on column raw.workflow_favorites.last_used is
'The last start by the user up to the as-of date, refreshed each night.';

-- Nobody else needs the hashes.
revoke all on raw.api_keys from usage_loader, usage_transformer;

grant select (key_id, name, key_hash, scopes, user_id, revoked_at), update (last_used_at)
on raw.api_keys to usage_api;
grant select, insert, delete on raw.workflow_templates to usage_api;
grant update (state) on mining.usage_insights to usage_api;

-- The API says in each transaction whose rows it acts on; it sees and changes no others, whatever
-- its queries ask for.
create function raw.acting_user() returns uuid
language sql stable
return nullif(current_setting('usage.acting_user', true), '')::uuid;

alter table raw.workflow_favorites enable row level security;
alter table raw.workflow_templates enable row level security;
alter table mining.usage_insights enable row level security;

create policy own_rows on raw.workflow_favorites to usage_api
using (user_id = raw.acting_user()) with check (user_id = raw.acting_user());

create policy own_rows on raw.workflow_templates to usage_api
using (user_id = raw.acting_user()) with check (user_id = raw.acting_user());

create policy everybody_reads on mining.usage_insights for select using (true);

create policy own_rows on mining.usage_insights for update to usage_api
using (user_id = raw.acting_user()) with check (user_id = raw.acting_user());

create policy others_read on raw.workflow_favorites for select
to usage_loader, usage_transformer using (true);

create policy others_read on raw.workflow_templates for select
to usage_loader, usage_transformer using (true);

-- The API connects as the owner and becomes usage_api at once, so the owner must be able to.
do $$
begin
    if not pg_has_role(current_user, 'usage_api', 'set') then
        execute 'grant usage_api to ' || quote_ident(current_user);
    end if;
exception
    when unique_violation or duplicate_object then null;
end
$$;
