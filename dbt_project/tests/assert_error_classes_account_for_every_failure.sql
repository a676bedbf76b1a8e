-- Why: what fails most is read from the classes, how much fails from the daily usage. Days that were retired
-- before there were classes have fewer in the classes, and none has more.
{{ config(meta={'dagster': {'ref': {'name': 'user_workflow_errors'}}}) }}

with classes as (
    select
        execution_date,
        sum(failure_count) as failures
    from {{ ref('user_workflow_errors') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
),

usage as (
    select
        execution_date,
        sum(failure_count) as failures
    from {{ ref('user_workflow_usage') }}
    where {{ within_changed_days('execution_date') }}
    group by execution_date
),

retired as (
    select distinct execution_date from {{ ref('stg_retired_usage') }}
)

select
    coalesce(classes.execution_date, usage.execution_date) as execution_date,
    classes.failures as in_classes,
    usage.failures as in_usage
from classes
full outer join usage on classes.execution_date = usage.execution_date
left join retired on usage.execution_date = retired.execution_date
where
    coalesce(classes.failures, 0) > coalesce(usage.failures, 0)
    or (
        coalesce(classes.failures, 0) < coalesce(usage.failures, 0)
        and retired.execution_date is null
    )
