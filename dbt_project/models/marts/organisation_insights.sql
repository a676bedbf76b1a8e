{{ config(tags=['organisation']) }}

{%- set as_of = date_literal(changed_days().as_of) -%}
{%- set listed = 10 %}

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
        cast(null as date) as last_used_date
    from {{ ref('popular_workflows') }}
    where as_of_date = {{ as_of }} and popularity_rank <= {{ listed }}
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
        cast(null as date) as last_used_date
    from {{ ref('workflow_success_rates') }}
    -- The upper bound: surely red, and not only by bad luck in a few runs.
    where as_of_date = {{ as_of }} and reliability = 'red' and success_rate_upper < 0.70
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
        last_used_date
    from {{ ref('abandoned_workflows') }}
),

named_workflows as (
    select
        *,
        {{ shown_name('workflow_name', 'workflow_id') }} as subject
    from of_workflows
),

shared_sequences as (
    -- A lift of 1 is chance: workflows that everybody runs follow each other now and then.
    select * from {{ ref('stg_popular_sequences') }}
    where lift >= 1.5
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

sequence_names as (
    select
        steps.sequence_id,
        {{ dbt.listagg(
            measure=shown_name('workflows.workflow_name', 'steps.element'),
            delimiter_text="' → '",
            order_by_clause='order by steps.place',
        ) }} as subject,
        count(*) as step_count
    from steps
    left join workflows on steps.element = workflows.workflow_id
    group by steps.sequence_id
),

ranked_sequences as (
    select
        shared_sequences.*,
        sequence_names.subject,
        shared_sequences.support * (sequence_names.step_count - 1) as saved_starts,
        row_number() over (
            order by
                shared_sequences.support * (sequence_names.step_count - 1) desc,
                shared_sequences.user_count desc,
                shared_sequences.sequence_id asc
        ) as place
    from shared_sequences
    inner join sequence_names on shared_sequences.sequence_id = sequence_names.sequence_id
),

insights as (
    select
        insight_type,
        workflow_id,
        cast(null as uuid) as sequence_id,
        cast(null as uuid[]) as workflow_ids,
        subject,
        case insight_type
            when 'valuable'
                then
                    subject || ' is valuable: ' || {{ counted('user_count', 'user') }} || ' ran it '
                    || {{ counted('execution_count', 'time') }} || ' in the last 7 days'
            when 'fix_this'
                then
                    subject || ' fails often: ' || {{ percent('success_rate') }} || ' of '
                    || {{ counted('execution_count', 'finished run') }}
                    || ' succeeded in the last 30 days. Fix it'
            else
                'Nobody has run ' || subject || ' since '
                || cast(last_used_date as {{ dbt.type_string() }}) || '; '
                || {{ counted('user_count', 'user') }} || ' used it before. Retire it?'
        end as message,
        cast(user_count as {{ dbt.type_bigint() }}) as user_count,
        cast(score as {{ dbt.type_float() }}) as score,
        execution_count,
        failure_count,
        success_rate,
        last_used_date,
        cast(null as {{ dbt.type_bigint() }}) as day_count,
        cast(null as {{ dbt.type_float() }}) as confidence,
        cast(null as {{ dbt.type_float() }}) as lift
    from named_workflows
    union all
    select
        'automate_this' as insight_type,
        cast(null as uuid) as workflow_id,
        sequence_id,
        workflow_ids,
        subject,
        {{ counted('user_count', 'user') }} || ' run ' || subject || ' again and again ('
        || {{ counted('support', 'time') }} || ' in the last 28 days). Automate it for everyone?' as message,
        user_count,
        cast(saved_starts as {{ dbt.type_float() }}) as score,
        support as execution_count,
        cast(null as {{ dbt.type_bigint() }}) as failure_count,
        cast(null as {{ dbt.type_float() }}) as success_rate,
        cast(last_executed as date) as last_used_date,
        day_count,
        confidence,
        lift
    from ranked_sequences
    where place <= {{ listed }}
)

select
    cast(insight_type as varchar(20)) as insight_type,
    coalesce(workflow_id, sequence_id) as subject_id,
    workflow_id,
    sequence_id,
    workflow_ids,
    subject,
    message,
    user_count,
    score,
    execution_count,
    failure_count,
    success_rate,
    last_used_date,
    day_count,
    confidence,
    lift,
    {{ as_of }} as as_of_date
from insights
