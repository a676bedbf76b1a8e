-- Who may do what. Each is a role without a login: a login is made a member of one.
--   usage_loader       writes raw
--   usage_transformer  reads raw and builds staging, intermediate and marts
--   usage_reader       reads marts and mining (from 0001)
--   usage_api          reads marts and mining, and keeps the favourites
-- Roles belong to the server, so another database of it may have made them, even just now.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['usage_loader', 'usage_transformer', 'usage_reader', 'usage_api'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute 'create role ' || quote_ident(wanted) || ' nologin';
            end if;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end loop;

    -- By membership rather than by grants: dbt takes back grants on marts that its own
    -- configuration does not name.
    if not exists (
        select from pg_auth_members
        where roleid = 'usage_reader'::regrole and member = 'usage_api'::regrole
    ) then
        begin
            grant usage_reader to usage_api;
        exception
            when unique_violation then null;
        end;
    end if;
end
$$;

-- dbt makes these when they are absent. Made here, what is granted below holds from the first build.
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts;

grant usage on schema raw to usage_loader, usage_transformer, usage_api;
grant usage on schema marts, mining to usage_reader;
grant usage, create on schema staging, intermediate, marts to usage_transformer;

-- The loader: what a load writes. Rights on the table of executions hold for all its partitions.
-- Retired aggregates, the ids they have counted and who was forgotten are no load's business.
grant select on all tables in schema raw to usage_loader;
grant insert, update, delete on
    raw.workflow_executions_simple, raw.workflows, raw.users, raw.rejected_executions,
    raw.load_ledger
to usage_loader;

-- What the transformer builds it owns, as replacing tables needs; so no rights on tables here.
grant select on all tables in schema raw to usage_transformer;

grant select on all tables in schema marts, mining to usage_reader;

grant select, insert, update, delete on raw.workflow_favorites to usage_api;

-- The same for tables that the owner makes later.
alter default privileges in schema raw grant select on tables to usage_loader, usage_transformer;
alter default privileges in schema marts, mining grant select on tables to usage_reader;
