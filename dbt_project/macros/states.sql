{#-
    The *state* of a pair (a user with a workflow) over some days: totals, first and last use, and its
    runs of active days. States of consecutive periods fold into one, so a night reads the state of the
    closed days and the days of the fold window after them, never the whole history.
-#}

{#- The last day that is folded into int_user_workflow_closed_states. -#}
{% macro last_closed_day(as_of) -%}
    {{ return(shift_day(as_of, -(var('fold_window_days') | int))) }}
{%- endmacro %}

{#-
    [(first, last), ...]: the days whose executions change place in a window of user_workflow_stats when
    the as-of date moves from `built_as_of` to `as_of`: the weeks of a month and the months end so
    many days back, and the day itself begins or ends a streak. All days of all windows when the as-of date went
    back, leapt or is not known.
-#}
{% macro days_crossing_windows(built_as_of, as_of) -%}
    {%- if built_as_of == as_of -%}{{ return([]) }}{%- endif -%}
    {%- if built_as_of is none -%}{{ return([('0001-01-01', as_of)]) }}{%- endif -%}
    {%- set month, months = var('month_days'), var('monthly_months') -%}
    {%- if built_as_of > as_of or shift_day(built_as_of, 7) < as_of -%}
        {{ return([(shift_day([built_as_of, as_of] | min, -month * months), as_of)]) }}
    {%- endif -%}
    {%- set crossings = [(built_as_of, as_of)] -%}
    {%- for age in range(7, month, 7) | list + range(month, month * months + 1, month) | list -%}
        {%- do crossings.append((shift_day(built_as_of, 1 - age), shift_day(as_of, -age))) -%}
    {%- endfor -%}
    {{ return(crossings) }}
{%- endmacro %}

{#- An aggregate: in how many of the last `count` blocks of `length` days a pair has an active day. -#}
{% macro active_blocks(count, length) -%}
    {%- for block in range(count) -%}
        max(
            case
                when days_ago between {{ block * length }} and {{ (block + 1) * length - 1 }} then active_days
                else 0
            end
        )
        {%- if not loop.last %} + {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#-
    A query of one state a pair, in the columns of int_user_workflow_day_states. The periods of a
    pair's states must not overlap, and only the earliest may be longer than a day.
-#}
{% macro fold_states(states) -%}
    with totals as (
        select
            user_id,
            workflow_id,
            cast(sum(total_executions) as {{ dbt.type_bigint() }}) as total_executions,
            cast(sum(success_count) as {{ dbt.type_bigint() }}) as success_count,
            cast(sum(failure_count) as {{ dbt.type_bigint() }}) as failure_count,
            cast(sum(cancelled_count) as {{ dbt.type_bigint() }}) as cancelled_count,
            cast(sum(open_count) as {{ dbt.type_bigint() }}) as open_count,
            cast(sum(people_execution_count) as {{ dbt.type_bigint() }}) as people_execution_count,
            cast(sum(duration_count) as {{ dbt.type_bigint() }}) as duration_count,
            cast(sum(total_duration_ms) as {{ dbt.type_bigint() }}) as total_duration_ms,
            cast(sum(total_cost) as numeric(24, 6)) as total_cost,
            min(first_used_date) as first_used_date,
            max(last_used_date) as last_used_date,
            max(last_used_at) as last_used_at,
            cast(sum(active_days) as integer) as active_days,
            min(first_active_date) as first_active_date,
            max(last_active_date) as last_active_date
        from {{ states }}
        group by user_id, workflow_id
    ),

    active_states as (
        select
            user_id,
            workflow_id,
            last_active_date,
            latest_streak_days,
            longest_streak_days,
            lag(last_active_date) over (
                partition by user_id, workflow_id order by last_active_date
            ) as previous_active_date,
            lead(last_active_date) over (
                partition by user_id, workflow_id order by last_active_date
            ) as next_active_date
        from {{ states }}
        where last_active_date is not null
    ),

    numbered as (
        select
            *,
            sum(case when {{ days_between('previous_active_date', 'last_active_date') }} = 1 then 0 else 1 end) over (
                partition by user_id, workflow_id order by last_active_date
                rows between unbounded preceding and current row
            ) as run_number
        from active_states
    ),

    runs as (
        select
            user_id,
            workflow_id,
            sum(latest_streak_days) as run_days,
            max(longest_streak_days) as longest_within,
            max(case when next_active_date is null then 1 else 0 end) as is_latest
        from numbered
        group by user_id, workflow_id, run_number
    ),

    streaks as (
        select
            user_id,
            workflow_id,
            cast(sum(case when is_latest = 1 then run_days else 0 end) as integer) as latest_streak_days,
            cast(max(greatest(run_days, longest_within)) as integer) as longest_streak_days
        from runs
        group by user_id, workflow_id
    )

    select
        totals.*,
        coalesce(streaks.latest_streak_days, 0) as latest_streak_days,
        coalesce(streaks.longest_streak_days, 0) as longest_streak_days
    from totals
    left join streaks
        on totals.user_id = streaks.user_id and totals.workflow_id = streaks.workflow_id
{%- endmacro %}

{#- The columns of the state of a pair that is no longer there. -#}
{% macro empty_state(pairs) -%}
    {{ pairs }}.user_id,
    {{ pairs }}.workflow_id,
    0 as total_executions, 0 as success_count, 0 as failure_count, 0 as cancelled_count, 0 as open_count,
    0 as people_execution_count, 0 as duration_count, 0 as total_duration_ms,
    cast(null as numeric(24, 6)) as total_cost,
    cast(null as date) as first_used_date,
    cast(null as date) as last_used_date,
    cast(null as timestamp with time zone) as last_used_at,
    0 as active_days,
    cast(null as date) as first_active_date,
    cast(null as date) as last_active_date,
    0 as latest_streak_days,
    0 as longest_streak_days
{%- endmacro %}
