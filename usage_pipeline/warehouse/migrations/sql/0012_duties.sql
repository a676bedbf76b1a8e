-- Who does what. Until now the owner did everything; from here on each step of a night is done by
-- the role that has the rights for it: the load by usage_loader, dbt by usage_transformer, mining
-- and the usage of favourites by usage_miner. The owner logs in and becomes one of them.
do $$
begin
    if not exists (select from pg_roles where rolname = 'usage_miner') then
        create role usage_miner nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- The owner must be able to become each of them, and keeps its rights on what they own.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['usage_loader', 'usage_transformer', 'usage_miner'] loop
        begin
            if not (
                pg_has_role(current_user, wanted, 'set') and pg_has_role(current_user, wanted, 'usage')
            ) then
                execute format('grant %I to %I', wanted, current_user);
            end if;
        exception
            when unique_violation or duplicate_object then null;
        end;
    end loop;
    if not exists (
        select from pg_auth_members
        where roleid = 'usage_reader'::regrole and member = 'usage_miner'::regrole
    ) then
        begin
            grant usage_reader to usage_miner;
        exception
            when unique_violation or duplicate_object then null;
        end;
    end if;
end
$$;

-- dbt replaces what it builds, which only its owner may: all of it becomes the transformer's.
do $$
declare
    built regclass;
begin
    for built in
        select class.oid
        from pg_class as class
        inner join pg_namespace as namespace on class.relnamespace = namespace.oid
        where namespace.nspname in ('staging', 'intermediate', 'marts')
            and class.relkind in ('r', 'p', 'v', 'm')
            and class.relowner <> 'usage_transformer'::regrole
            -- What somebody else made there stays theirs.
            and pg_has_role(current_user, class.relowner, 'usage')
        order by class.oid
    loop
        execute format('alter table %s owner to usage_transformer', built);
    end loop;
end
$$;

-- The loader gives the reports of forgotten users to the anonymous one before it reads them.
grant update (user_id, source_user_id, error_message) on raw.tracked_executions to usage_loader;

-- The miner reads what it mines from, by usage_reader also the marts, and writes schema mining.
grant usage on schema raw, mining to usage_miner;
grant select on
    raw.workflow_executions_simple, raw.load_ledger, raw.workflow_favorites, raw.forgotten_users
to usage_miner;
grant update (usage_count, last_used) on raw.workflow_favorites to usage_miner;
grant select, insert, update, delete on all tables in schema mining to usage_miner;
alter default privileges in schema mining
grant select, insert, update, delete on tables to usage_miner;

create policy miner_reads on raw.workflow_favorites for select to usage_miner using (true);
create policy miner_refreshes on raw.workflow_favorites for update to usage_miner
using (true) with check (true);
create policy miner_writes on mining.usage_insights to usage_miner
using (true) with check (true);

-- Partitions are the owner's, so that a load replaces a day and never leaves it without one. What a load needs done to
-- them is done by these functions, which run as the owner and know no other table than the one of a
-- day.
do $$
declare
    known regclass;
begin
    for known in
        select inhrelid from pg_inherits
        where inhparent = 'raw.workflow_executions_simple'::regclass
    loop
        execute format('grant select, insert, update, delete on %s to usage_loader', known);
    end loop;
end
$$;
grant select on raw.staged_executions to usage_loader;

create function raw.partition_of(day date) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return 'workflow_executions_simple_' || to_char(day, 'YYYYMMDD');

-- An empty table with the columns and checks of a partition of a day. It has no key yet: rows are
-- copied faster, and copies of one execution merged, without.
create function raw.create_stage(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    stage text := raw.partition_of(day) || '_stage';
begin
    -- With this check in place, attaching needs no scan of the rows.
    execute format(
        'create table raw.%I (like raw.staged_executions including defaults including constraints, '
        'constraint one_day check (execution_date = %L))', stage, day
    );
    execute format('grant select, insert, update, delete on raw.%I to usage_loader', stage);
end
$$;

create function raw.key_stage(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        'alter table raw.%I add primary key (id, source, execution_date)',
        raw.partition_of(day) || '_stage'
    );
end
$$;

create function raw.unkey_stage(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    stage text := raw.partition_of(day) || '_stage';
    known text;
begin
    select conname into strict known from pg_constraint
    where conrelid = format('raw.%I', stage)::regclass and contype = 'p';
    execute format('alter table raw.%I drop constraint %I', stage, known);
end
$$;

-- Gives a full stage the specification's index, and the planner statistics of it.
create function raw.index_stage(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    stage text := raw.partition_of(day) || '_stage';
begin
    execute format('create index on raw.%I (user_id, start_time desc)', stage);
    execute format('analyze raw.%I', stage);
end
$$;

-- For the owner alone: a load can replace a day, and never drop one.
create function raw.drop_partition(day date) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    old text := raw.partition_of(day);
begin
    execute format('alter table raw.workflow_executions_simple detach partition raw.%I', old);
    execute format('drop table raw.%I', old);
end
$$;

-- Makes a stage the partition of its day, in place of the one there is.
create function raw.swap_stage(day date) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    fresh text := raw.partition_of(day);
begin
    if to_regclass(format('raw.%I', fresh)) is not null then
        perform raw.drop_partition(day);
    end if;
    execute format('alter table raw.%I rename to %I', fresh || '_stage', fresh);
    execute format(
        'alter table raw.workflow_executions_simple attach partition raw.%I '
        'for values from (%L) to (%L)', fresh, day, day + 1
    );
end
$$;

revoke all on function
    raw.partition_of(date), raw.create_stage(date), raw.key_stage(date), raw.unkey_stage(date),
    raw.index_stage(date), raw.drop_partition(date), raw.swap_stage(date)
from public;
grant execute on function
    raw.create_stage(date), raw.key_stage(date), raw.unkey_stage(date), raw.index_stage(date),
    raw.swap_stage(date)
to usage_loader;
