-- Executions that arrived after their day was retired, over all loads; the other counts of a row are
-- those of the last load.
alter table raw.load_ledger add column late_count bigint not null default 0;

-- One row per day whose last load from its configured sources failed, and why. The next load of it
-- that works removes the row.
create table raw.failed_days (
    execution_date date primary key,
    reason text not null,
    failed_at timestamptz not null default current_timestamp
);

grant insert, update, delete on raw.failed_days to usage_loader;
