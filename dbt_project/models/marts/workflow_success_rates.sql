{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'as_of_date', 'lookahead_days': var('reliability_days') - 1, 'as_of_history': true},
        indexes=[{'columns': ['workflow_id', 'as_of_date']}],
    )
}}

{%- set window_days = var('reliability_days') -%}
{%- set as_of_dates = as_of_dates_to_build(lookahead_days=window_days - 1) -%}
{%- set first_used = shift_day(as_of_dates.first, 1 - window_days) %}

with usage as (
    select * from {{ ref('user_workflow_usage') }}
    where execution_date between {{ date_literal(first_used) }} and {{ date_literal(as_of_dates.last) }}
),

daily_usage as (
    select * from {{ ref('workflow_daily_usage') }}
    where execution_date between {{ date_literal(first_used) }} and {{ date_literal(as_of_dates.last) }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

days as (
    {{ date_spine(as_of_dates.first, as_of_dates.last) }}
),

users as (
    {{ trailing_users('usage', window_days, as_of_dates.first, as_of_dates.last) }}
),

summed as (
    {{ trailing_sums('daily_usage', 'days', window_days, [
        'total_executions',
        'success_count',
        'failure_count',
        'cancelled_count',
        'open_count',
        'duration_count',
        'total_duration_ms',
    ]) }}
),

with_rates as (
    select
        *,
        success_count + failure_count as sample_size,
        {{ ratio('success_count', '(success_count + failure_count)') }} as success_rate,
        {{ ratio('failure_count', '(success_count + failure_count)') }} as failure_rate
    from summed
)

select
    with_rates.as_of_date,
    with_rates.workflow_id,
    names.workflow_name,
    with_rates.total_executions,
    with_rates.success_count,
    with_rates.failure_count,
    with_rates.cancelled_count,
    with_rates.open_count,
    with_rates.sample_size,
    with_rates.success_rate,
    with_rates.failure_rate,
    {{ wilson_bound('with_rates.success_count', 'with_rates.sample_size', '-') }} as success_rate_lower,
    {{ wilson_bound('with_rates.success_count', 'with_rates.sample_size', '+') }} as success_rate_upper,
    users.unique_users,
    with_rates.duration_count,
    with_rates.total_duration_ms,
    {{ ratio('with_rates.total_duration_ms', 'with_rates.duration_count') }} as avg_duration_ms,
    {{ reliability('with_rates.success_rate', 'with_rates.sample_size') }} as reliability
from with_rates
inner join users
    on with_rates.as_of_date = users.as_of_date and with_rates.workflow_id = users.workflow_id
left join names on with_rates.workflow_id = names.workflow_id
