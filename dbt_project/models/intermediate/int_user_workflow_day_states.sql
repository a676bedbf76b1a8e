with usage as (
    select * from {{ ref('user_workflow_usage') }}
),

with_activity as (
    select
        *,
        case when people_execution_count > 0 then 1 else 0 end as active_days,
        case when people_execution_count > 0 then execution_date end as active_date
    from usage
)

select
    user_id,
    workflow_id,
    cast(execution_count as bigint) as total_executions,
    cast(success_count as bigint) as success_count,
    cast(failure_count as bigint) as failure_count,
    cast(cancelled_count as bigint) as cancelled_count,
    cast(open_count as bigint) as open_count,
    cast(people_execution_count as bigint) as people_execution_count,
    cast(duration_count as bigint) as duration_count,
    total_duration_ms,
    total_cost,
    execution_date as first_used_date,
    execution_date as last_used_date,
    last_started_at as last_used_at,
    active_days,
    active_date as first_active_date,
    active_date as last_active_date,
    active_days as latest_streak_days,
    active_days as longest_streak_days
from with_activity
