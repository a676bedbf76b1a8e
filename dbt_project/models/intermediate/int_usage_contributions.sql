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
        case when trigger_type = 'manual' then 1 else 0 end as manual_count,
        case when trigger_type = 'api' then 1 else 0 end as api_count,
        case when trigger_type = 'scheduled' then 1 else 0 end as scheduled_count,
        case when trigger_type = 'chained' then 1 else 0 end as chained_count,
        case when trigger_type is null then 1 else 0 end as untriggered_count,
        case when attempt > 1 then 1 else 0 end as retry_count,
        case when attempt > 1 and status = 'completed' then 1 else 0 end as recovered_count,
        case when status = 'failed' then coalesce(duration_ms, 0) else 0 end as failed_duration_ms,
        case when status = 'cancelled' then coalesce(duration_ms, 0) else 0 end as cancelled_duration_ms,
        case when status = 'failed' then cost end as failed_cost,
        case when status = 'cancelled' then cost end as cancelled_cost,
        case when waiting_ms is null then 0 else 1 end as waiting_count,
        waiting_ms as total_waiting_ms,
        case when input_size is null then 0 else 1 end as input_size_count,
        input_size as total_input_size,
        case when output_size is null then 0 else 1 end as output_size_count,
        output_size as total_output_size,
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
        manual_count,
        api_count,
        scheduled_count,
        chained_count,
        untriggered_count,
        retry_count,
        recovered_count,
        failed_duration_ms,
        cancelled_duration_ms,
        failed_cost,
        cancelled_cost,
        waiting_count,
        total_waiting_ms,
        input_size_count,
        total_input_size,
        output_size_count,
        total_output_size,
        first_started_at,
        last_started_at,
        last_people_started_at,
        case when last_people_failed then last_people_started_at end as last_people_failed_at
    from retired_usage
)

select * from from_executions
union all
select * from from_retired_usage
