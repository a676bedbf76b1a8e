{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        on_schema_change='fail',
        meta={'replaced_column': 'execution_date', 'lookahead_days': 0},
        indexes=[{'columns': ['execution_date']}],
        post_hook="{{ analyze_full_build() }}",
    )
}}

{%- set days = days_to_build() -%}

with usage as (
    select * from {{ ref('user_workflow_usage') }}
    where execution_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

summed as (
    select
        workflow_id,
        execution_date,
        cast(count(*) as integer) as unique_users,
        cast(sum(execution_count) as {{ dbt.type_bigint() }}) as total_executions,
        cast(sum(success_count) as {{ dbt.type_bigint() }}) as success_count,
        cast(sum(failure_count) as {{ dbt.type_bigint() }}) as failure_count,
        cast(sum(cancelled_count) as {{ dbt.type_bigint() }}) as cancelled_count,
        cast(sum(open_count) as {{ dbt.type_bigint() }}) as open_count,
        cast(sum(people_execution_count) as {{ dbt.type_bigint() }}) as people_execution_count,
        cast(sum(duration_count) as {{ dbt.type_bigint() }}) as duration_count,
        cast(sum(total_duration_ms) as {{ dbt.type_bigint() }}) as total_duration_ms,
        cast(sum(total_cost) as numeric(24, 6)) as total_cost
    from usage
    group by workflow_id, execution_date
)

select
    summed.workflow_id,
    names.workflow_name,
    summed.execution_date,
    summed.unique_users,
    summed.total_executions,
    summed.success_count,
    summed.failure_count,
    summed.cancelled_count,
    summed.open_count,
    summed.people_execution_count,
    {{ ratio('summed.success_count', '(summed.success_count + summed.failure_count)') }} as success_rate,
    summed.duration_count,
    summed.total_duration_ms,
    {{ ratio('summed.total_duration_ms', 'summed.duration_count') }} as avg_duration_ms,
    summed.total_cost
from summed
left join names on summed.workflow_id = names.workflow_id
