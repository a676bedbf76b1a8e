-- Why: p50 and p95 come from the histogram, averages from the daily usage. Both must be made of the same
-- executions, or the two screens disagree.
{{ config(meta={'dagster': {'ref': {'name': 'user_workflow_durations'}}}) }}

with buckets as (
    select
        execution_date,
        sum(duration_count) as durations
    from {{ ref('user_workflow_durations') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
),

usage as (
    select
        execution_date,
        sum(duration_count) as durations
    from {{ ref('user_workflow_usage') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
)

select
    coalesce(buckets.execution_date, usage.execution_date) as execution_date,
    buckets.durations as in_histogram,
    usage.durations as in_usage
from buckets
full outer join usage on buckets.execution_date = usage.execution_date
where coalesce(buckets.durations, 0) != coalesce(usage.durations, 0)
