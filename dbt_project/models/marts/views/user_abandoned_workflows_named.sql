{{ config(post_hook="{{ inherit_comments(ref('user_abandoned_workflows')) }}") }}

select
    users.source_user_id as user_name,
    mart.*
from {{ ref('user_abandoned_workflows') }} as mart
left join {{ source('raw', 'users') }} as users on mart.user_id = users.user_id
