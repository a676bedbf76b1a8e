{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'as_of_date', 'lookahead_days': 2 * var('popular_days') - 1, 'as_of_history': true},
        indexes=[{'columns': ['workflow_id', 'as_of_date']}, {'columns': ['as_of_date', 'popularity_rank']}],
    )
}}

{%- set window_days = var('popular_days') -%}
{%- set as_of_dates = as_of_dates_to_build(lookahead_days=2 * window_days - 1) -%}
-- The window before is what this model says of the day a window earlier, so those days are ranked too.
{%- set first_ranked = shift_day(as_of_dates.first, -window_days) -%}
{%- set first_used = shift_day(first_ranked, 1 - window_days) %}

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
    {{ date_spine(first_ranked, as_of_dates.last) }}
),

users as (
    {{ trailing_users('usage', window_days, first_ranked, as_of_dates.last) }}
),

summed as (
    {{ trailing_sums('daily_usage', 'days', window_days, [
        'total_executions',
        'people_execution_count',
        'success_count',
        'failure_count',
    ]) }}
),

ranked as (
    select
        summed.*,
        {{ ratio('summed.success_count', '(summed.success_count + summed.failure_count)') }} as success_rate,
        users.unique_users,
        cast(row_number() over (
            partition by summed.as_of_date
            order by summed.total_executions desc, users.unique_users desc, summed.workflow_id asc
        ) as integer) as popularity_rank
    from summed
    inner join users on summed.as_of_date = users.as_of_date and summed.workflow_id = users.workflow_id
)

select
    ranked.as_of_date,
    ranked.workflow_id,
    names.workflow_name,
    ranked.popularity_rank,
    ranked.total_executions,
    ranked.unique_users,
    ranked.people_execution_count,
    ranked.total_executions - ranked.people_execution_count as machine_execution_count,
    ranked.success_count,
    ranked.failure_count,
    ranked.success_rate,
    {{ reliability('ranked.success_rate', '(ranked.success_count + ranked.failure_count)') }} as reliability,
    coalesce(previous.total_executions, 0) as previous_total_executions,
    previous.popularity_rank as previous_rank,
    previous.popularity_rank - ranked.popularity_rank as rank_change,
    ranked.total_executions - coalesce(previous.total_executions, 0) as execution_change
from ranked
left join ranked as previous
    on
        ranked.workflow_id = previous.workflow_id
        and previous.as_of_date = {{ add_days('ranked.as_of_date', -window_days) }}
left join names on ranked.workflow_id = names.workflow_id
where ranked.as_of_date >= {{ date_literal(as_of_dates.first) }}
