{{ config(post_hook="{{ inherit_comments(source('mining', 'usage_patterns')) }}") }}

select
    users.source_user_id as user_name,
    workflows.workflow_name,
    next_workflows.workflow_name as next_workflow_name,
    mined.*
from {{ source('mining', 'usage_patterns') }} as mined
left join {{ source('raw', 'users') }} as users on mined.user_id = users.user_id
left join {{ source('raw', 'workflows') }} as workflows on mined.workflow_id = workflows.workflow_id
left join {{ source('raw', 'workflows') }} as next_workflows
    on mined.next_workflow_id = next_workflows.workflow_id
