{{
    config(
        materialized='incremental',
        incremental_strategy='replace_pairs',
        unique_key=['user_id', 'workflow_id'],
        contract={'enforced': true},
        meta={'emptied_when': 'total_executions = 0'},
        indexes=[{'columns': ['last_used_date']}],
    )
}}

{%- set days = days_to_build() -%}
{%- set closed_until = last_closed_day(days.as_of) -%}
{%- set incremental = is_incremental() -%}

with {% if incremental -%}
{%- set newest = latest_day(this, 'last_used_date') or shift_day(ledger_days().first, -1) -%}
newly_closed as (
    select * from {{ ref('int_user_workflow_day_states') }}
    where
        last_used_date > {{ date_literal(newest) }}
        and last_used_date <= {{ date_literal(closed_until) }}
),

-- Pairs whose closed days changed: their state is computed from their first day again.
outdated_pairs as (
    select user_id, workflow_id from {{ this }}
    where last_used_date > {{ date_literal(closed_until) }}
    {%- if days.first <= closed_until %}
    union distinct
    select user_id, workflow_id from {{ this }}
    where
        first_used_date <= {{ date_literal(days.last) }}
        and last_used_date >= {{ date_literal(days.first) }}
    union distinct
    select user_id, workflow_id from {{ ref('int_user_workflow_day_states') }}
    where
        last_used_date between {{ date_literal(days.first) }}
        and {{ date_literal([days.last, closed_until] | min) }}
    {%- endif %}
),

growing_pairs as (
    select user_id, workflow_id from newly_closed
    except
    select user_id, workflow_id from outdated_pairs
),

states as (
    select day_states.* from outdated_pairs
    inner join {{ ref('int_user_workflow_day_states') }} as day_states
        on
            outdated_pairs.user_id = day_states.user_id
            and outdated_pairs.workflow_id = day_states.workflow_id
    where day_states.last_used_date <= {{ date_literal(closed_until) }}
    union all
    select newly_closed.* from growing_pairs
    inner join newly_closed
        on
            growing_pairs.user_id = newly_closed.user_id
            and growing_pairs.workflow_id = newly_closed.workflow_id
    union all
    select closed_states.* from growing_pairs
    inner join {{ this }} as closed_states
        on
            growing_pairs.user_id = closed_states.user_id
            and growing_pairs.workflow_id = closed_states.workflow_id
),
{%- else -%}
states as (
    select * from {{ ref('int_user_workflow_day_states') }}
    where last_used_date <= {{ date_literal(closed_until) }}
),
{%- endif %}

folded as (
    {{ fold_states('states') }}
)

select * from folded
{%- if incremental %}
union all
select {{ empty_state('outdated_pairs') }} from outdated_pairs
where
    not exists (
        select 1 from folded
        where
            folded.user_id = outdated_pairs.user_id
            and folded.workflow_id = outdated_pairs.workflow_id
    )
{%- endif %}
