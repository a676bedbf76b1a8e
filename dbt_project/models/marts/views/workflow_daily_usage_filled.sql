{{ config(post_hook="{{ inherit_comments(ref('workflow_daily_usage')) }}") }}

with calendar as (
    {{ date_spine(ledger_days().first, changed_days().as_of) }}
),

loaded as (
    select distinct execution_date from {{ source('raw', 'load_ledger') }}
),

-- Days before the first use of a workflow are no zeros of it. The mart is read here by itself, so that the
-- index finds the rows of one workflow.
workflows as (
    select
        workflow_id,
        max(workflow_name) as workflow_name,
        min(execution_date) as first_used_date
    from {{ ref('workflow_daily_usage') }}
    group by workflow_id
)

select
    workflows.workflow_id,
    workflows.workflow_name,
    calendar.spine_date as execution_date,
    loaded.execution_date is not null as is_loaded,
    {%- for count in [
        'unique_users',
        'total_executions',
        'success_count',
        'failure_count',
        'cancelled_count',
        'open_count',
        'people_execution_count',
        'duration_count',
        'total_duration_ms',
    ] %}
    {{ zero_if_loaded('usage.' ~ count, 'loaded.execution_date is not null') }} as {{ count }},
    {%- endfor %}
    usage.success_rate,
    coalesce(usage.reliability, 'grey') as reliability,
    usage.avg_duration_ms,
    usage.total_cost
from workflows
inner join calendar on workflows.first_used_date <= calendar.spine_date
left join loaded on calendar.spine_date = loaded.execution_date
left join {{ ref('workflow_daily_usage') }} as usage
    on workflows.workflow_id = usage.workflow_id and calendar.spine_date = usage.execution_date
