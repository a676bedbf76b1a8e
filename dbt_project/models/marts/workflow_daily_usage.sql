{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'execution_date', 'lookahead_days': 0},
        indexes=[{'columns': ['execution_date']}],
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
),

with_rates as (
    select
        *,
        {{ ratio('success_count', '(success_count + failure_count)') }} as success_rate
    from summed
)

select
    with_rates.workflow_id,
    names.workflow_name,
    with_rates.execution_date,
    with_rates.unique_users,
    with_rates.total_executions,
    with_rates.success_count,
    with_rates.failure_count,
    with_rates.cancelled_count,
    with_rates.open_count,
    with_rates.people_execution_count,
    with_rates.success_rate,
    {{ reliability('with_rates.success_rate', '(with_rates.success_count + with_rates.failure_count)') }}
        as reliability,
    with_rates.duration_count,
    with_rates.total_duration_ms,
    {{ ratio('with_rates.total_duration_ms', 'with_rates.duration_count') }} as avg_duration_ms,
    with_rates.total_cost
from with_rates
left join names on with_rates.workflow_id = names.workflow_id
