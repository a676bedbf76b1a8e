-- One row per execution that its day's retirement has counted, so that a second delivery of it is
-- told from a late one. Kept for USAGE_RETIRED_IDS_DAYS.
create table raw.retired_executions (
    execution_date date not null,
    id uuid not null,
    source text not null,
    primary key (execution_date, id, source)
);
