{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'execution_date', 'lookahead_days': 0},
        indexes=[{'columns': ['execution_date']}, {'columns': ['workflow_id', 'execution_date']}],
    )
}}

{%- set days = days_to_build() -%}

with contributions as (
    select * from {{ ref('int_usage_contributions') }}
    where execution_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

summed as (
    select
        user_id,
        workflow_id,
        execution_date,
        cast(sum(execution_count) as integer) as execution_count,
        cast(sum(success_count) as integer) as success_count,
        cast(sum(failure_count) as integer) as failure_count,
        cast(sum(cancelled_count) as integer) as cancelled_count,
        cast(sum(open_count) as integer) as open_count,
        cast(sum(people_execution_count) as integer) as people_execution_count,
        cast(sum(duration_count) as integer) as duration_count,
        cast(sum(total_duration_ms) as {{ dbt.type_bigint() }}) as total_duration_ms,
        cast(sum(total_cost) as numeric(24, 6)) as total_cost,
        {{ sum_where_known('manual_count', 'integer') }} as manual_count,
        {{ sum_where_known('api_count', 'integer') }} as api_count,
        {{ sum_where_known('scheduled_count', 'integer') }} as scheduled_count,
        {{ sum_where_known('chained_count', 'integer') }} as chained_count,
        {{ sum_where_known('untriggered_count', 'integer') }} as untriggered_count,
        {{ sum_where_known('retry_count', 'integer') }} as retry_count,
        {{ sum_where_known('recovered_count', 'integer') }} as recovered_count,
        {{ sum_where_known('failed_duration_ms', dbt.type_bigint()) }} as failed_duration_ms,
        {{ sum_where_known('cancelled_duration_ms', dbt.type_bigint()) }} as cancelled_duration_ms,
        cast(sum(failed_cost) as numeric(24, 6)) as failed_cost,
        cast(sum(cancelled_cost) as numeric(24, 6)) as cancelled_cost,
        {{ sum_where_known('waiting_count', 'integer') }} as waiting_count,
        cast(sum(total_waiting_ms) as {{ dbt.type_bigint() }}) as total_waiting_ms,
        {{ sum_where_known('input_size_count', 'integer') }} as input_size_count,
        cast(sum(total_input_size) as numeric(30, 0)) as total_input_size,
        {{ sum_where_known('output_size_count', 'integer') }} as output_size_count,
        cast(sum(total_output_size) as numeric(30, 0)) as total_output_size,
        min(first_started_at) as first_started_at,
        max(last_started_at) as last_started_at,
        max(last_people_started_at) as last_people_started_at,
        max(last_people_failed_at) as last_people_failed_at
    from contributions
    group by user_id, workflow_id, execution_date
)

select
    summed.user_id,
    summed.workflow_id,
    names.workflow_name,
    summed.execution_date,
    summed.execution_count,
    summed.success_count,
    summed.failure_count,
    summed.cancelled_count,
    summed.open_count,
    summed.people_execution_count,
    summed.duration_count,
    summed.total_duration_ms,
    cast(floor(summed.total_duration_ms / 1000.0) as {{ dbt.type_bigint() }}) as total_duration_seconds,
    summed.total_cost,
    summed.first_started_at,
    summed.last_started_at,
    summed.last_people_started_at,
    case
        when summed.last_people_started_at is null then null
        else coalesce(summed.last_people_failed_at = summed.last_people_started_at, false)
    end as last_people_failed,
    summed.manual_count,
    summed.api_count,
    summed.scheduled_count,
    summed.chained_count,
    summed.untriggered_count,
    summed.execution_count - summed.retry_count as first_attempt_count,
    summed.retry_count,
    summed.recovered_count,
    summed.failed_duration_ms,
    summed.cancelled_duration_ms,
    summed.failed_cost,
    summed.cancelled_cost,
    summed.waiting_count,
    summed.total_waiting_ms,
    summed.input_size_count,
    summed.total_input_size,
    summed.output_size_count,
    summed.total_output_size
from summed
left join names on summed.workflow_id = names.workflow_id
