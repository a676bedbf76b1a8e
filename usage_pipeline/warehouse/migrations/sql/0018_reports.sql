-- Which body an Idempotency-Key was used with, so that another body under it is refused.
create table raw.request_keys (
    key_id uuid primary key,
    body_digest bytea not null check (length(body_digest) = 32),
    first_used_at timestamptz not null default clock_timestamp()
);

comment on table raw.request_keys is
'One row per Idempotency-Key of a caller of POST /track; kept as long as what was tracked.';
comment on column raw.request_keys.key_id is 'Made of the caller and the key, neither of which is kept.';
comment on column raw.request_keys.body_digest is 'SHA-256 of the body that the key was first used with.';
comment on column raw.request_keys.first_used_at is 'When that was.';

create index idx_request_keys_first_used on raw.request_keys (first_used_at);
grant select, insert, update (key_id) on raw.request_keys to usage_api;

-- A workflow that was only just reported is in no mart yet, but can be a favourite.
create index idx_tracked_workflow on raw.tracked_executions (workflow_id);

create function raw.reported_workflow_name(workflow uuid) returns setof text
language sql stable security definer
set search_path = pg_catalog
begin atomic
    select coalesce(reported.workflow_name, reported.source_workflow_id)
    from raw.tracked_executions as reported
    where reported.workflow_id = workflow
    order by reported.received_at desc, reported.workflow_name
    limit 1;
end;

comment on function raw.reported_workflow_name(uuid) is
'The name that a workflow was last reported under, if an application has reported it.';
revoke all on function raw.reported_workflow_name(uuid) from public;
grant execute on function raw.reported_workflow_name(uuid) to usage_api;
