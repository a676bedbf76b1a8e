{{ config(materialized='view') }}

-- A view of the source itself: a view of a view that dbt makes anew would go with the old one.
{%- set as_of = changed_days().as_of %}

with hours as (
    select * from {{ source('mining', 'daily_hours') }}
    where
        execution_date > {{ date_literal(shift_day(as_of, -var('month_days'))) }}
        and execution_date <= {{ date_literal(as_of) }}
)

select
    user_id,
    {{ weekday('execution_date') }} as weekday,
    cast(local_hour as integer) as local_hour,
    cast(sum(execution_count) as {{ dbt.type_bigint() }}) as execution_count,
    {{ date_literal(as_of) }} as as_of_date
from hours
group by user_id, {{ weekday('execution_date') }}, local_hour
