{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'execution_date', 'lookahead_days': 0},
    )
}}

{%- set days = days_to_build() -%}

with daily_usage as (
    select * from {{ ref('workflow_daily_usage') }}
    where execution_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
),

summed as (
    select
        execution_date,
        cast(sum(total_executions) as {{ dbt.type_bigint() }}) as total_executions,
        cast(sum(success_count) as {{ dbt.type_bigint() }}) as success_count,
        cast(sum(failure_count) as {{ dbt.type_bigint() }}) as failure_count,
        cast(sum(cancelled_count) as {{ dbt.type_bigint() }}) as cancelled_count,
        cast(sum(open_count) as {{ dbt.type_bigint() }}) as open_count,
        cast(sum(people_execution_count) as {{ dbt.type_bigint() }}) as people_execution_count,
        cast(sum(duration_count) as {{ dbt.type_bigint() }}) as duration_count,
        cast(sum(total_duration_ms) as {{ dbt.type_bigint() }}) as total_duration_ms,
        cast(sum(total_cost) as numeric(24, 6)) as total_cost
    from daily_usage
    group by execution_date
),

with_rates as (
    select
        *,
        success_count + failure_count as sample_size,
        {{ ratio('success_count', '(success_count + failure_count)') }} as success_rate
    from summed
)

select
    execution_date,
    total_executions,
    success_count,
    failure_count,
    cancelled_count,
    open_count,
    people_execution_count,
    sample_size,
    success_rate,
    {{ reliability('success_rate', 'sample_size') }} as reliability,
    duration_count,
    total_duration_ms,
    {{ ratio('total_duration_ms', 'duration_count') }} as avg_duration_ms,
    total_cost
from with_rates
