{{ config(post_hook="{{ inherit_comments(source('mining', 'usage_insights')) }}") }}

select
    users.source_user_id as user_name,
    workflows.workflow_name,
    mined.*
from {{ source('mining', 'usage_insights') }} as mined
left join {{ source('raw', 'users') }} as users on mined.user_id = users.user_id
left join {{ source('raw', 'workflows') }} as workflows on mined.workflow_id = workflows.workflow_id
