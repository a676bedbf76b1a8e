{{ config(post_hook="{{ inherit_comments(source('mining', 'workflow_subsequences')) }}") }}

select
    users.source_user_id as user_name,
    {{ names_in_order('mined.workflow_ids') }} as workflow_names,
    mined.*
from {{ source('mining', 'workflow_subsequences') }} as mined
left join {{ source('raw', 'users') }} as users on mined.user_id = users.user_id
