{{
    config(
        materialized='incremental',
        incremental_strategy='replace_pairs',
        unique_key=['user_id', 'workflow_id'],
        meta={'emptied_when': 'total_executions = 0'},
        indexes=[{'columns': ['workflow_id']}, {'columns': ['last_used_date']}],
        post_hook="{{ remember_as_of() }}",
    )
}}

{%- set days = days_to_build() -%}
{%- set as_of = date_literal(days.as_of) -%}
{%- set closed_until = last_closed_day(days.as_of) -%}
{%- set month = var('month_days') -%}
{%- set incremental = is_incremental() %}

with names as (
    select * from {{ ref('int_workflow_names') }}
),

{% if incremental -%}
{%- set built_as_of = built_as_of() -%}
pairs_to_build as (
    -- Used on a day that enters the row of its pair, or leaves or moves within one of its windows.
    select user_id, workflow_id from {{ ref('int_user_workflow_day_states') }}
    where
        last_used_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
        {%- for first, last in days_crossing_windows(built_as_of, days.as_of) %}
        or last_used_date between {{ date_literal(first) }} and {{ date_literal(last) }}
        {%- endfor %}
    union distinct
    -- In the changed days before the change.
    select user_id, workflow_id from {{ this }}
    where
        first_used_date <= {{ date_literal(days.last) }}
        and last_used_date >= {{ date_literal(days.first) }}
    {%- if built_as_of is none or built_as_of > days.as_of %}
    union distinct
    -- Used after this as-of date, which went back.
    select user_id, workflow_id from {{ this }}
    where last_used_date > {{ as_of }}
    {%- elif built_as_of < days.as_of %}
    union distinct
    -- As long as a pair is younger than the month of `daily`, every day makes its window longer.
    select user_id, workflow_id from {{ this }}
    where frequency = 'daily' and last_used_date > {{ date_literal(shift_day(built_as_of, -month)) }}
    {%- endif %}
),
{%- else -%}
pairs_to_build as (
    select user_id, workflow_id from {{ ref('int_user_workflow_day_states') }}
    where
        last_used_date > {{ date_literal(closed_until) }}
        and last_used_date <= {{ as_of }}
    union distinct
    select user_id, workflow_id from {{ ref('int_user_workflow_closed_states') }}
),
{%- endif %}

states as (
    select closed_states.* from pairs_to_build
    inner join {{ ref('int_user_workflow_closed_states') }} as closed_states
        on
            pairs_to_build.user_id = closed_states.user_id
            and pairs_to_build.workflow_id = closed_states.workflow_id
    union all
    select day_states.* from pairs_to_build
    inner join {{ ref('int_user_workflow_day_states') }} as day_states
        on
            pairs_to_build.user_id = day_states.user_id
            and pairs_to_build.workflow_id = day_states.workflow_id
    where
        day_states.last_used_date > {{ date_literal(closed_until) }}
        and day_states.last_used_date <= {{ as_of }}
),

recent_days as (
    select
        pairs_to_build.user_id,
        pairs_to_build.workflow_id,
        day_states.total_executions,
        day_states.active_days,
        {{ days_between('day_states.last_used_date', as_of) }} as days_ago
    from pairs_to_build
    inner join {{ ref('int_user_workflow_day_states') }} as day_states
        on
            pairs_to_build.user_id = day_states.user_id
            and pairs_to_build.workflow_id = day_states.workflow_id
    where
        day_states.last_used_date > {{ date_literal(shift_day(days.as_of, -month * var('monthly_months'))) }}
        and day_states.last_used_date <= {{ as_of }}
),

recent as (
    select
        user_id,
        workflow_id,
        sum(case when days_ago < {{ month }} then total_executions else 0 end) as executions_last_28_days,
        sum(
            case when days_ago between {{ month }} and {{ 2 * month - 1 }} then total_executions else 0 end
        ) as executions_previous_28_days,
        sum(case when days_ago < {{ month }} then active_days else 0 end) as active_days_last_28,
        {{ active_blocks(month // 7, 7) }} as active_weeks,
        {{ active_blocks(var('monthly_months'), month) }} as active_months
    from recent_days
    group by user_id, workflow_id
),

folded as (
    {{ fold_states('states') }}
),

with_rates as (
    select
        *,
        success_count + failure_count as sample_size,
        {{ ratio('success_count', '(success_count + failure_count)') }} as success_rate
    from folded
)

select
    pairs_to_build.user_id,
    pairs_to_build.workflow_id,
    names.workflow_name,
    coalesce(with_rates.total_executions, 0) as total_executions,
    with_rates.success_count,
    with_rates.failure_count,
    with_rates.cancelled_count,
    with_rates.open_count,
    with_rates.people_execution_count,
    with_rates.sample_size,
    with_rates.success_rate,
    {{ reliability('with_rates.success_rate', 'with_rates.sample_size') }} as reliability,
    with_rates.duration_count,
    with_rates.total_duration_ms,
    {{ ratio('with_rates.total_duration_ms', 'with_rates.duration_count') }} as avg_duration_ms,
    with_rates.total_cost,
    with_rates.first_used_date,
    with_rates.last_used_date,
    with_rates.last_used_at,
    with_rates.active_days,
    cast(case
        when
            recent.active_days_last_28 > 0
            and recent.active_days_last_28 >= {{ var('daily_min_share') }}
            * least({{ month }}, {{ days_between('with_rates.first_active_date', as_of) }} + 1)
            then 'daily'
        when recent.active_weeks >= {{ var('weekly_min_weeks') }} then 'weekly'
        when recent.active_months >= {{ var('monthly_min_months') }} then 'monthly'
        else 'rare'
    end as varchar(10)) as frequency,
    case
        when with_rates.last_active_date = {{ as_of }} then with_rates.latest_streak_days
        else 0
    end as current_streak_days,
    with_rates.longest_streak_days,
    cast(coalesce(recent.executions_last_28_days, 0) as {{ dbt.type_bigint() }}) as executions_last_28_days,
    cast(
        coalesce(recent.executions_previous_28_days, 0) as {{ dbt.type_bigint() }}
    ) as executions_previous_28_days,
    {{ ratio('recent.executions_last_28_days', 'recent.executions_previous_28_days') }} - 1 as execution_trend
from pairs_to_build
left join with_rates
    on pairs_to_build.user_id = with_rates.user_id and pairs_to_build.workflow_id = with_rates.workflow_id
left join recent
    on pairs_to_build.user_id = recent.user_id and pairs_to_build.workflow_id = recent.workflow_id
left join names on pairs_to_build.workflow_id = names.workflow_id
