with executions as (
    select * from {{ ref('stg_workflow_executions') }}
),

retired_durations as (
    select * from {{ ref('stg_retired_durations') }}
)

select
    user_id,
    workflow_id,
    execution_date,
    {{ duration_bucket('duration_ms') }} as duration_bucket,
    1 as duration_count
from executions
where duration_ms is not null

union all

select
    user_id,
    workflow_id,
    execution_date,
    duration_bucket,
    duration_count
from retired_durations
