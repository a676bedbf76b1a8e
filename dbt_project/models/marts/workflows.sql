with pairs as (
    select * from {{ ref('user_workflow_stats') }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

workflow_use as (
    select
        workflow_id,
        min(first_used_date) as first_used_date,
        max(last_used_date) as last_used_date
    from pairs
    group by workflow_id
)

select
    workflow_use.workflow_id,
    names.workflow_name,
    names.source,
    names.source_workflow_id,
    workflow_use.first_used_date,
    workflow_use.last_used_date
from workflow_use
left join names on workflow_use.workflow_id = names.workflow_id
