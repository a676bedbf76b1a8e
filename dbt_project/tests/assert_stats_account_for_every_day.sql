-- Why: the totals of a pair are folded night by night, never added up again from the first day. A fold
-- that loses or doubles a day would stay unseen; the days of each workflow say what its pairs must sum to.
{{ config(meta={'dagster': {'ref': {'name': 'user_workflow_stats'}}}) }}

{%- set days = changed_days() %}

with stats as (
    select
        workflow_id,
        sum(total_executions) as executions,
        sum(total_duration_ms) as duration_ms
    from {{ ref('user_workflow_stats') }}
    group by workflow_id
),

daily_usage as (
    select
        workflow_id,
        sum(total_executions) as executions,
        sum(total_duration_ms) as duration_ms
    from {{ ref('workflow_daily_usage') }}
    where execution_date <= {{ date_literal(days.as_of) }}
    group by workflow_id
)

select
    coalesce(stats.workflow_id, daily_usage.workflow_id) as workflow_id,
    stats.executions as in_stats,
    daily_usage.executions as in_days
from stats
full outer join daily_usage on stats.workflow_id = daily_usage.workflow_id
where
    coalesce(stats.executions, 0) != coalesce(daily_usage.executions, 0)
    or coalesce(stats.duration_ms, 0) != coalesce(daily_usage.duration_ms, 0)
