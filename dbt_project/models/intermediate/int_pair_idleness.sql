{{
    config(
        materialized='incremental',
        incremental_strategy='replace_pairs',
        unique_key=['user_id', 'workflow_id'],
        contract={'enforced': true},
        meta={'emptied_when': 'last_active_date is null'},
        indexes=[{'columns': ['last_active_date']}, {'columns': ['threshold_days', 'last_active_date']}],
    )
}}

{%- set days = days_to_build() -%}
{%- set as_of = date_literal(days.as_of) -%}
{%- set idle_until = date_literal(shift_day(days.as_of, -var('left_min_days'))) -%}
{%- set incremental = is_incremental() %}

with {% if incremental -%}
{%- set newest = latest_day(this, 'last_active_date') or ledger_days().first -%}
pairs_to_build as (
    -- Used since the last build, or in the changed days.
    select user_id, workflow_id from {{ ref('user_workflow_usage') }}
    where
        people_execution_count > 0
        and (
            execution_date between {{ date_literal(newest) }} and {{ as_of }}
            or execution_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
        )
    union distinct
    -- Perhaps used in the changed days before they changed, or used after this as-of date.
    select user_id, workflow_id from {{ this }}
    where last_active_date >= {{ date_literal([days.first, shift_day(days.as_of, 1)] | min) }}
    union distinct
    -- Gone idle, or no longer idle where the as-of date went back.
    select user_id, workflow_id from {{ this }}
    where threshold_days is null and last_active_date <= {{ idle_until }}
    union distinct
    select user_id, workflow_id from {{ this }}
    where threshold_days is not null and last_active_date > {{ idle_until }}
),
{%- else -%}
pairs_to_build as (
    select distinct user_id, workflow_id from {{ ref('user_workflow_usage') }}
    where people_execution_count > 0 and execution_date <= {{ as_of }}
),
{%- endif %}

recently_active as (
    select
        usage.user_id,
        usage.workflow_id,
        max(usage.execution_date) as last_active_date
    from pairs_to_build
    inner join {{ ref('user_workflow_usage') }} as usage
        on pairs_to_build.user_id = usage.user_id and pairs_to_build.workflow_id = usage.workflow_id
    where
        usage.people_execution_count > 0
        and usage.execution_date > {{ idle_until }}
        and usage.execution_date <= {{ as_of }}
    group by usage.user_id, usage.workflow_id
),

idle_pairs as (
    select user_id, workflow_id from pairs_to_build
    except
    select user_id, workflow_id from recently_active
),

active_days as (
    select
        usage.user_id,
        usage.workflow_id,
        usage.execution_date,
        usage.people_execution_count,
        usage.last_people_failed,
        lag(usage.execution_date) over (
            partition by usage.user_id, usage.workflow_id order by usage.execution_date
        ) as previous_date,
        lead(usage.execution_date) over (
            partition by usage.user_id, usage.workflow_id order by usage.execution_date
        ) as next_date
    from idle_pairs
    inner join {{ ref('user_workflow_usage') }} as usage
        on idle_pairs.user_id = usage.user_id and idle_pairs.workflow_id = usage.workflow_id
    where usage.people_execution_count > 0 and usage.execution_date <= {{ as_of }}
),

gaps as (
    select
        *,
        {{ days_between('previous_date', 'execution_date') }} as gap_days
    from active_days
),

summed as (
    select
        user_id,
        workflow_id,
        cast(sum(people_execution_count) as {{ dbt.type_bigint() }}) as people_execution_count,
        cast(count(*) as integer) as active_days,
        max(execution_date) as last_active_date,
        cast({{ median('gap_days') }} as {{ dbt.type_float() }}) as median_gap_days,
        max(case when next_date is null and last_people_failed then 1 else 0 end) = 1 as last_run_failed
    from gaps
    group by user_id, workflow_id
),

idle as (
    select
        *,
        cast(case
            when active_days < {{ var('left_min_active_days') }} then {{ var('left_min_days') }}
            else greatest(
                {{ var('left_min_days') }},
                least({{ var('left_max_days') }}, ceiling({{ var('left_gaps') }} * median_gap_days))
            )
        end as integer) as threshold_days
    from summed
)

select
    pairs_to_build.user_id,
    pairs_to_build.workflow_id,
    coalesce(recently_active.last_active_date, idle.last_active_date) as last_active_date,
    idle.people_execution_count,
    idle.active_days,
    idle.median_gap_days,
    idle.threshold_days,
    {{ add_days('idle.last_active_date', 'idle.threshold_days') }} as abandoned_date,
    idle.last_run_failed
from pairs_to_build
left join recently_active
    on
        pairs_to_build.user_id = recently_active.user_id
        and pairs_to_build.workflow_id = recently_active.workflow_id
left join idle
    on
        pairs_to_build.user_id = idle.user_id
        and pairs_to_build.workflow_id = idle.workflow_id
