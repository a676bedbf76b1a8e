{%- set as_of = changed_days().as_of -%}

with loaded as (
    select distinct execution_date from {{ ref('stg_load_ledger') }}
),

calendar as (
    {{ date_spine(ledger_days().first, as_of) }}
)

select
    calendar.spine_date as day,
    {{ week_start('calendar.spine_date') }} as week,
    {{ month_start('calendar.spine_date') }} as month,
    cast({{ weekday('calendar.spine_date') }} + 1 as smallint) as weekday,
    cast({{ days_between('calendar.spine_date', date_literal(as_of)) }} as integer) as days_ago,
    loaded.execution_date is not null as is_loaded
from calendar
left join loaded on calendar.spine_date = loaded.execution_date
where exists (select 1 from {{ ref('stg_load_ledger') }})
