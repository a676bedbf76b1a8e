{{ config(post_hook="{{ inherit_comments(ref('organisation_daily_usage')) }}") }}

with calendar as (
    {{ date_spine(ledger_days().first, changed_days().as_of) }}
),

loaded as (
    select distinct execution_date from {{ source('raw', 'load_ledger') }}
)

select
    calendar.spine_date as execution_date,
    loaded.execution_date is not null as is_loaded,
    {%- for count in [
        'total_executions',
        'success_count',
        'failure_count',
        'cancelled_count',
        'open_count',
        'people_execution_count',
        'sample_size',
        'duration_count',
        'total_duration_ms',
    ] %}
    {{ zero_if_loaded('usage.' ~ count, 'loaded.execution_date is not null') }} as {{ count }},
    {%- endfor %}
    usage.success_rate,
    coalesce(usage.reliability, 'grey') as reliability,
    usage.avg_duration_ms,
    usage.total_cost
from calendar
left join loaded on calendar.spine_date = loaded.execution_date
left join {{ ref('organisation_daily_usage') }} as usage on calendar.spine_date = usage.execution_date
where exists (select 1 from {{ source('raw', 'load_ledger') }})
