{%- set as_of = date_literal(changed_days().as_of) %}

with of_workflows as (
    select
        'valuable' as insight_type,
        workflow_id,
        workflow_name,
        unique_users as user_count,
        total_executions as score,
        total_executions as execution_count,
        cast(null as {{ dbt.type_bigint() }}) as failure_count,
        success_rate,
        reliability,
        cast(null as date) as last_used_date
    from {{ ref('popular_workflows') }}
    where as_of_date = {{ as_of }} and popularity_rank <= {{ var('insights_listed') }}
    union all
    select
        'fix_this' as insight_type,
        workflow_id,
        workflow_name,
        unique_users as user_count,
        failure_count as score,
        sample_size as execution_count,
        failure_count,
        success_rate,
        reliability,
        cast(null as date) as last_used_date
    from {{ ref('workflow_success_rates') }}
    -- The upper bound: surely red, and not only by bad luck in a few runs.
    where
        as_of_date = {{ as_of }}
        and reliability = 'red'
        and success_rate_upper < {{ var('reliability_yellow_above') }}
    union all
    select
        'retire_this' as insight_type,
        workflow_id,
        workflow_name,
        users_who_abandoned as user_count,
        users_who_abandoned as score,
        cast(null as {{ dbt.type_bigint() }}) as execution_count,
        cast(null as {{ dbt.type_bigint() }}) as failure_count,
        cast(null as {{ dbt.type_float() }}) as success_rate,
        cast(null as varchar(10)) as reliability,
        last_used_date
    from {{ ref('abandoned_workflows') }}
),

shared_sequences as (
    select * from {{ ref('stg_popular_sequences') }}
    where lift >= {{ var('insights_min_lift') }}
),

workflows as (
    select
        workflow_id,
        workflow_name
    from {{ ref('workflows') }}
),

steps as (
    {{ elements_of('shared_sequences', 'sequence_id', 'workflow_ids') }}
),

step_names as (
    select
        steps.sequence_id,
        {{ list_in_order('workflows.workflow_name', 'steps.place') }} as workflow_names,
        count(*) as step_count
    from steps
    left join workflows on steps.element = workflows.workflow_id
    group by steps.sequence_id
),

ranked_sequences as (
    select
        shared_sequences.*,
        step_names.workflow_names,
        shared_sequences.support * (step_names.step_count - 1) as saved_starts,
        row_number() over (
            order by
                shared_sequences.support * (step_names.step_count - 1) desc,
                shared_sequences.user_count desc,
                shared_sequences.sequence_id asc
        ) as place
    from shared_sequences
    inner join step_names on shared_sequences.sequence_id = step_names.sequence_id
),

insights as (
    select
        insight_type,
        workflow_id,
        workflow_name,
        cast(null as uuid) as sequence_id,
        cast(null as uuid[]) as workflow_ids,
        cast(null as text[]) as workflow_names,
        cast(user_count as {{ dbt.type_bigint() }}) as user_count,
        cast(score as {{ dbt.type_float() }}) as score,
        execution_count,
        failure_count,
        success_rate,
        reliability,
        last_used_date,
        cast(null as {{ dbt.type_bigint() }}) as day_count,
        cast(null as {{ dbt.type_float() }}) as confidence,
        cast(null as {{ dbt.type_float() }}) as lift
    from of_workflows
    union all
    select
        'automate_this' as insight_type,
        cast(null as uuid) as workflow_id,
        cast(null as varchar(255)) as workflow_name,
        sequence_id,
        workflow_ids,
        cast(workflow_names as text[]) as workflow_names,
        user_count,
        cast(saved_starts as {{ dbt.type_float() }}) as score,
        support as execution_count,
        cast(null as {{ dbt.type_bigint() }}) as failure_count,
        cast(null as {{ dbt.type_float() }}) as success_rate,
        cast(null as varchar(10)) as reliability,
        cast(last_executed as date) as last_used_date,
        day_count,
        confidence,
        lift
    from ranked_sequences
    where place <= {{ var('insights_listed') }}
)

select
    cast(insight_type as varchar(20)) as insight_type,
    coalesce(workflow_id, sequence_id) as subject_id,
    workflow_id,
    workflow_name,
    sequence_id,
    workflow_ids,
    workflow_names,
    user_count,
    score,
    execution_count,
    failure_count,
    success_rate,
    reliability,
    last_used_date,
    day_count,
    confidence,
    lift,
    {{ as_of }} as as_of_date
from insights
