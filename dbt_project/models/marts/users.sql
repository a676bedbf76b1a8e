{{ config(indexes=[{'columns': ['execution_count', 'user_id']}]) }}

with pairs as (
    select * from {{ ref('user_workflow_stats') }}
),

known_users as (
    select * from {{ ref('stg_users') }}
),

user_use as (
    select
        user_id,
        cast(sum(total_executions) as {{ dbt.type_bigint() }}) as execution_count,
        max(last_used_date) as last_used_date
    from pairs
    group by user_id
)

select
    user_use.user_id,
    known_users.source,
    known_users.source_user_id as user_name,
    user_use.execution_count,
    user_use.last_used_date
from user_use
left join known_users on user_use.user_id = known_users.user_id
