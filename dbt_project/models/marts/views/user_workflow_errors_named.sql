{{ config(post_hook="{{ inherit_comments(ref('user_workflow_errors')) }}") }}

select
    users.source_user_id as user_name,
    workflows.workflow_name,
    mart.*
from {{ ref('user_workflow_errors') }} as mart
left join {{ source('raw', 'users') }} as users on mart.user_id = users.user_id
left join {{ source('raw', 'workflows') }} as workflows on mart.workflow_id = workflows.workflow_id
