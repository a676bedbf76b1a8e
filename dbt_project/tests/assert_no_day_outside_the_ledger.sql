-- Why: a day is in the warehouse when a load wrote it into the ledger. A day of the marts without a
-- ledger row was half loaded, or is left over from a load that was undone.
{{ config(meta={'dagster': {'ref': {'name': 'workflow_daily_usage'}}}) }}

select distinct daily_usage.execution_date
from {{ ref('workflow_daily_usage') }} as daily_usage
left join {{ ref('stg_load_ledger') }} as ledger on daily_usage.execution_date = ledger.execution_date
where
    {{ within_changed_days('daily_usage.execution_date') }}
    and ledger.execution_date is null
