with executions as (
    select * from {{ ref('stg_workflow_executions') }}
),

retired_errors as (
    select * from {{ ref('stg_retired_errors') }}
)

select
    user_id,
    workflow_id,
    execution_date,
    coalesce(error_class, '{{ var('no_error_class') }}') as error_class,
    1 as failure_count
from executions
where status = 'failed'

union all

select
    user_id,
    workflow_id,
    execution_date,
    error_class,
    failure_count
from retired_errors
