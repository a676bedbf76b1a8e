-- Until when a repeated delivery of a retired day is recognised, in the ledger itself.
alter table raw.load_ledger add column ids_forgotten_at timestamptz;

comment on column raw.load_ledger.ids_forgotten_at is
'When the ids of the retired executions were dropped (USAGE_RETIRED_IDS_DAYS after the day). Until then a file delivered again counts nothing twice; from then on a load for the day is refused.';

update raw.load_ledger as ledger set ids_forgotten_at = current_timestamp
where ledger.retired_count > 0
    and not exists (
        select from raw.retired_executions as known
        where known.execution_date = ledger.execution_date
    );
