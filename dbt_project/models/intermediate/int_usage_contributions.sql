with executions as (
    select * from {{ ref('stg_workflow_executions') }}
),

retired_usage as (
    select * from {{ ref('stg_retired_usage') }}
),

from_executions as (
    select
        user_id,
        workflow_id,
        execution_date,
        1 as execution_count,
        case when status = 'completed' then 1 else 0 end as success_count,
        case when status = 'failed' then 1 else 0 end as failure_count,
        case when status = 'cancelled' then 1 else 0 end as cancelled_count,
        case when status = 'started' then 1 else 0 end as open_count,
        case when is_by_people then 1 else 0 end as people_execution_count,
        case when duration_ms is null then 0 else 1 end as duration_count,
        coalesce(duration_ms, 0) as total_duration_ms,
        cost as total_cost,
        started_at as first_started_at,
        started_at as last_started_at,
        case when is_by_people then started_at end as last_people_started_at,
        case when is_by_people and status = 'failed' then started_at end as last_people_failed_at
    from executions
),

from_retired_usage as (
    select
        user_id,
        workflow_id,
        execution_date,
        execution_count,
        success_count,
        failure_count,
        cancelled_count,
        open_count,
        people_execution_count,
        duration_count,
        total_duration_ms,
        total_cost,
        first_started_at,
        last_started_at,
        last_people_started_at,
        case when last_people_failed then last_people_started_at end as last_people_failed_at
    from retired_usage
)

select * from from_executions
union all
select * from from_retired_usage
