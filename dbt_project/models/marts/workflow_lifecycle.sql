{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'week_start_date', 'as_of_history': true},
        indexes=[{'columns': ['week_start_date']}],
    )
}}

{%- set days = days_to_build() -%}
{%- set first_week = first_week_to_build() -%}
{%- set week_before = shift_day(first_week, -7) -%}
{%- set last_week = monday_of(days.as_of) -%}
{%- set incremental = is_incremental() %}

with names as (
    select * from {{ ref('int_workflow_names') }}
),

closed_states as (
    select * from {{ ref('int_user_workflow_closed_states') }}
),

active_weeks as (
    select distinct
        workflow_id,
        user_id,
        {{ week_start('execution_date') }} as week_start_date
    from {{ ref('user_workflow_usage') }}
    where
        people_execution_count > 0
        and execution_date between {{ date_literal(week_before) }} and {{ date_literal(days.as_of) }}
),

-- Days of the fold window before those weeks; the closed states know about the days before that.
earlier_window_days as (
    select workflow_id, user_id from {{ ref('user_workflow_usage') }}
    where
        people_execution_count > 0
        and execution_date > {{ date_literal(last_closed_day(days.as_of)) }}
        and execution_date < {{ date_literal(week_before) }}
),

user_weeks as (
    select
        *,
        lag(week_start_date) over (
            partition by workflow_id, user_id order by week_start_date
        ) as previous_active_week
    from active_weeks
),

-- The first row of a user here is the user's first week ever unless there is use before these weeks.
new_user_weeks as (
    select
        user_weeks.workflow_id,
        user_weeks.user_id,
        user_weeks.week_start_date
    from user_weeks
    where
        user_weeks.previous_active_week is null
        and not exists (
            select 1 from closed_states
            where
                closed_states.workflow_id = user_weeks.workflow_id
                and closed_states.user_id = user_weeks.user_id
                and closed_states.first_active_date < {{ date_literal(week_before) }}
        )
        and not exists (
            select 1 from earlier_window_days
            where
                earlier_window_days.workflow_id = user_weeks.workflow_id
                and earlier_window_days.user_id = user_weeks.user_id
        )
),

counted as (
    select
        user_weeks.workflow_id,
        user_weeks.week_start_date,
        count(*) as active_users,
        count(new_user_weeks.user_id) as new_users,
        sum(case
            when user_weeks.previous_active_week = {{ add_days('user_weeks.week_start_date', -7) }} then 1
            else 0
        end) as returning_users
    from user_weeks
    left join new_user_weeks
        on
            user_weeks.workflow_id = new_user_weeks.workflow_id
            and user_weeks.user_id = new_user_weeks.user_id
            and user_weeks.week_start_date = new_user_weeks.week_start_date
    group by user_weeks.workflow_id, user_weeks.week_start_date
),

-- Every user of a workflow up to the week before: they were active in it or dormant.
known_users as (
    {%- if incremental %}
    select
        workflow_id,
        week_start_date,
        active_users + dormant_users as user_count
    from {{ this }}
    where week_start_date = {{ date_literal(week_before) }}
    {%- else %}
    select
        workflow_id,
        week_start_date,
        0 as user_count
    from counted
    where false
    {%- endif %}
),

first_weeks as (
    select
        workflow_id,
        min(week_start_date) as first_week
    from (
        select workflow_id, week_start_date from counted
        union distinct
        select workflow_id, week_start_date from known_users
    ) as weeks_of_use
    group by workflow_id
),

weeks as (
    {{ date_spine(first_week, last_week, step=7) }}
),

workflow_weeks as (
    select
        first_weeks.workflow_id,
        weeks.spine_date as week_start_date,
        coalesce(counted.active_users, 0) as active_users,
        coalesce(counted.new_users, 0) as new_users,
        coalesce(counted.returning_users, 0) as returning_users,
        coalesce(counted_before.active_users, 0) as active_users_before,
        coalesce(known_users.user_count, 0)
        + sum(coalesce(counted.new_users, 0)) over (
            partition by first_weeks.workflow_id order by weeks.spine_date
            rows between unbounded preceding and current row
        ) as user_count
    from first_weeks
    inner join weeks on first_weeks.first_week <= weeks.spine_date
    left join counted
        on first_weeks.workflow_id = counted.workflow_id and weeks.spine_date = counted.week_start_date
    left join counted as counted_before
        on
            first_weeks.workflow_id = counted_before.workflow_id
            and counted_before.week_start_date = {{ add_days('weeks.spine_date', -7) }}
    left join known_users on first_weeks.workflow_id = known_users.workflow_id
)

select
    workflow_weeks.workflow_id,
    names.workflow_name,
    workflow_weeks.week_start_date,
    cast(workflow_weeks.active_users as integer) as active_users,
    cast(workflow_weeks.new_users as integer) as new_users,
    cast(workflow_weeks.returning_users as integer) as returning_users,
    cast(
        workflow_weeks.active_users - workflow_weeks.new_users - workflow_weeks.returning_users as integer
    ) as resurrected_users,
    cast(workflow_weeks.user_count - workflow_weeks.active_users as integer) as dormant_users,
    cast(
        workflow_weeks.active_users_before - workflow_weeks.returning_users as integer
    ) as newly_dormant_users,
    {{ add_days('workflow_weeks.week_start_date', 6) }} <= {{ date_literal(days.as_of) }} as is_complete_week
from workflow_weeks
left join names on workflow_weeks.workflow_id = names.workflow_id
