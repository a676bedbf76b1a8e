{%- set days = changed_days() -%}
{%- set used_until = date_literal(shift_day(days.as_of, -var('abandoned_used_days_ago'))) -%}
{%- set idle_since = date_literal(shift_day(days.as_of, 1 - var('abandoned_idle_days'))) -%}

with names as (
    select * from {{ ref('int_workflow_names') }}
),

idle_workflows as (
    select
        workflow_id,
        max(last_used_date) as last_used_date
    from {{ ref('user_workflow_stats') }}
    group by workflow_id
    having max(last_used_date) < {{ idle_since }}
),

-- A user whose first use is that long ago used it then; how often they ever tried it is the total.
early_users as (
    select
        workflow_id,
        user_id,
        total_executions
    from {{ ref('user_workflow_stats') }}
    where first_used_date <= {{ used_until }}
),

tries as (
    select
        idle_workflows.workflow_id,
        idle_workflows.last_used_date,
        cast(count(*) as integer) as users_who_abandoned,
        cast(avg(early_users.total_executions) as {{ dbt.type_float() }}) as avg_tries_before_abandon,
        cast(
            {{ median('early_users.total_executions') }} as {{ dbt.type_float() }}
        ) as median_tries_before_abandon
    from idle_workflows
    inner join early_users on idle_workflows.workflow_id = early_users.workflow_id
    group by idle_workflows.workflow_id, idle_workflows.last_used_date
    having count(*) > {{ var('abandoned_more_than_users') }}
)

select
    tries.workflow_id,
    names.workflow_name,
    tries.users_who_abandoned,
    tries.avg_tries_before_abandon,
    tries.median_tries_before_abandon,
    tries.last_used_date
from tries
left join names on tries.workflow_id = names.workflow_id
