{%- set days = changed_days() %}

with durations as (
    select * from {{ ref('user_workflow_durations') }}
    where
        execution_date between {{ date_literal(shift_day(days.as_of, 1 - var('reliability_days'))) }}
        and {{ date_literal(days.as_of) }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

histogram as (
    select
        workflow_id,
        duration_bucket,
        sum(duration_count) as duration_count
    from durations
    group by workflow_id, duration_bucket
),

cumulative as (
    select
        workflow_id,
        duration_bucket,
        sum(duration_count) over (
            partition by workflow_id order by duration_bucket
            rows between unbounded preceding and current row
        ) as cumulative_count,
        sum(duration_count) over (partition by workflow_id) as total_count
    from histogram
),

percentiles as (
    select
        workflow_id,
        cast(max(total_count) as {{ dbt.type_bigint() }}) as duration_count,
        {{ percentile_from_histogram('0.5', 'duration_bucket', 'cumulative_count', 'total_count') }}
            as p50_duration_ms,
        {{ percentile_from_histogram('0.95', 'duration_bucket', 'cumulative_count', 'total_count') }}
            as p95_duration_ms
    from cumulative
    group by workflow_id
)

select
    percentiles.workflow_id,
    names.workflow_name,
    percentiles.duration_count,
    percentiles.p50_duration_ms,
    percentiles.p95_duration_ms
from percentiles
left join names on percentiles.workflow_id = names.workflow_id
