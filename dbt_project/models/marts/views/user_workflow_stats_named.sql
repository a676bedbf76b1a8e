{{ config(post_hook="{{ inherit_comments(ref('user_workflow_stats')) }}") }}

select
    users.source_user_id as user_name,
    mart.*
from {{ ref('user_workflow_stats') }} as mart
left join {{ source('raw', 'users') }} as users on mart.user_id = users.user_id
