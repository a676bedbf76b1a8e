{{ config(post_hook="{{ inherit_comments(source('mining', 'popular_sequences')) }}") }}

select
    {{ names_in_order('mined.workflow_ids') }} as workflow_names,
    mined.*
from {{ source('mining', 'popular_sequences') }} as mined
