-- One row per day whose marts were built: the load that they know of. A day loaded since is built
-- again by the next night, also when the run that loaded it died before its marts.
create table raw.built_days (
    execution_date date primary key,
    loaded_at timestamptz not null,
    built_at timestamptz not null default current_timestamp
);

grant insert, update, delete on raw.built_days to usage_loader;

-- Of the days loaded before this table was there, those that the marts account for are built.
do $$
begin
    if to_regclass('marts.workflow_daily_usage') is not null then
        execute '
            insert into raw.built_days (execution_date, loaded_at)
            select ledger.execution_date, ledger.loaded_at
            from (
                select execution_date, max(loaded_at) as loaded_at,
                    sum(case when retired_at is null then loaded_count else retired_count end)
                        as executions
                from raw.load_ledger
                group by execution_date
            ) as ledger
            left join (
                select execution_date, sum(total_executions) as executions
                from marts.workflow_daily_usage
                group by execution_date
            ) as counted using (execution_date)
            where ledger.executions = coalesce(counted.executions, 0)';
    end if;
end
$$;
