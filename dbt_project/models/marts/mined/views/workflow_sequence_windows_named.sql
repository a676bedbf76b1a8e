{{ config(post_hook="{{ inherit_comments(source('mining', 'workflow_sequence_windows')) }}") }}

select
    users.source_user_id as user_name,
    {{ names_in_order('mined.workflow_ids') }} as workflow_names,
    mined.*
from {{ source('mining', 'workflow_sequence_windows') }} as mined
left join {{ source('raw', 'users') }} as users on mined.user_id = users.user_id
