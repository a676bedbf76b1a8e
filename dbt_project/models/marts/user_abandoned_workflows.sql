{{
    config(
        materialized='incremental',
        incremental_strategy='replace_pairs',
        unique_key=['user_id', 'workflow_id'],
        meta={'emptied_when': 'abandoned_date is null'},
        indexes=[{'columns': ['workflow_id']}, {'columns': ['abandoned_date']}],
    )
}}

{%- set days = days_to_build() %}

with idle_pairs as (
    select * from {{ ref('int_pair_idleness') }}
    where
        people_execution_count >= {{ var('left_min_executions') }}
        and abandoned_date <= {{ date_literal(days.as_of) }}
),

recently_active_users as (
    select distinct user_id from {{ ref('user_workflow_usage') }}
    where
        people_execution_count > 0
        and execution_date between {{ date_literal(shift_day(days.as_of, 1 - var('left_altogether_days'))) }}
        and {{ date_literal(days.as_of) }}
),

names as (
    select * from {{ ref('int_workflow_names') }}
),

abandoned as (
    select
        idle_pairs.user_id,
        idle_pairs.workflow_id,
        names.workflow_name,
        idle_pairs.people_execution_count,
        idle_pairs.active_days,
        idle_pairs.last_active_date,
        idle_pairs.median_gap_days,
        idle_pairs.threshold_days,
        idle_pairs.abandoned_date,
        recently_active_users.user_id is null as has_left_altogether,
        idle_pairs.last_run_failed
    from idle_pairs
    left join recently_active_users on idle_pairs.user_id = recently_active_users.user_id
    left join names on idle_pairs.workflow_id = names.workflow_id
)

select * from abandoned
{%- if is_incremental() %}
union all
select
    listed.user_id,
    listed.workflow_id,
    listed.workflow_name,
    listed.people_execution_count,
    listed.active_days,
    listed.last_active_date,
    listed.median_gap_days,
    listed.threshold_days,
    cast(null as date) as abandoned_date,
    listed.has_left_altogether,
    listed.last_run_failed
from {{ this }} as listed
where
    not exists (
        select 1 from abandoned
        where
            abandoned.user_id = listed.user_id
            and abandoned.workflow_id = listed.workflow_id
    )
{%- endif %}
