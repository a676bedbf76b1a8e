-- Why: "nothing lost silently". Every execution of a day is counted once, whether it is still in raw
-- or was retired, and an emptied day has no rows left over.
{{ config(meta={'dagster': {'ref': {'name': 'user_workflow_usage'}}}) }}

with counted as (
    select
        execution_date,
        sum(execution_count) as executions
    from {{ ref('user_workflow_usage') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
),

sources as (
    select
        execution_date,
        count(*) as executions
    from {{ ref('stg_workflow_executions') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
    union all
    select
        execution_date,
        sum(execution_count) as executions
    from {{ ref('stg_retired_usage') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
),

expected as (
    select
        execution_date,
        sum(executions) as executions
    from sources
    group by execution_date
)

select
    coalesce(counted.execution_date, expected.execution_date) as execution_date,
    counted.executions as counted,
    expected.executions as expected
from counted
full outer join expected on counted.execution_date = expected.execution_date
where coalesce(counted.executions, 0) != coalesce(expected.executions, 0)
