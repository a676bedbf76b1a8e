{#-
    A query (workflow_id, as_of_date, unique_users): the distinct users of each workflow in the
    `window_days` that end with each as-of date from first to last (ISO strings). `usage` names a CTE
    with user_id, workflow_id and execution_date, at least from `window_days - 1` days before first.

    A used day covers the as-of dates from itself until it leaves the window or the same user uses the
    workflow again, so the spans of one user never overlap, and counting users is adding up the spans
    that begin and end. It reads each used day once, not once for every as-of date it counts for.
-#}
{% macro trailing_users(usage, window_days, first, last) -%}
    with used_days as (
        select
            workflow_id,
            execution_date,
            lead(execution_date, 1, {{ date_literal('9999-12-31') }}) over (
                partition by user_id, workflow_id order by execution_date
            ) as next_used_date
        from {{ usage }}
        where execution_date between {{ date_literal(shift_day(first, 1 - window_days)) }} and {{ date_literal(last) }}
    ),

    spans as (
        select
            workflow_id,
            greatest(execution_date, {{ date_literal(first) }}) as entered_on,
            least({{ add_days('execution_date', window_days) }}, next_used_date) as left_on
        from used_days
    ),

    changes as (
        select workflow_id, entered_on as changed_on, count(*) as user_change
        from spans
        where left_on > {{ date_literal(first) }}
        group by workflow_id, entered_on
        union all
        select workflow_id, left_on as changed_on, -count(*) as user_change
        from spans
        where left_on > {{ date_literal(first) }} and left_on <= {{ date_literal(last) }}
        group by workflow_id, left_on
    ),

    days as (
        {{ date_spine(first, last) }}
    ),

    daily_changes as (
        select workflows.workflow_id, days.spine_date, coalesce(sum(changes.user_change), 0) as user_change
        from (select distinct workflow_id from changes) as workflows
        cross join days
        left join changes
            on workflows.workflow_id = changes.workflow_id and days.spine_date = changes.changed_on
        group by workflows.workflow_id, days.spine_date
    )

    select
        workflow_id,
        spine_date as as_of_date,
        cast(sum(user_change) over (
            partition by workflow_id order by spine_date
            rows between unbounded preceding and current row
        ) as integer) as unique_users
    from daily_changes
{%- endmacro %}

{#-
    A query (as_of_date, workflow_id, the columns): sums over the `window_days` that end with each day
    of `days`. `daily_usage` and `days` name CTEs: rows of workflows and days, and a spine of days.
-#}
{% macro trailing_sums(daily_usage, days, window_days, columns) -%}
    select
        {{ days }}.spine_date as as_of_date,
        {{ daily_usage }}.workflow_id,
        {%- for column in columns %}
        cast(sum({{ daily_usage }}.{{ column }}) as {{ dbt.type_bigint() }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ days }}
    inner join {{ daily_usage }}
        on
            {{ days }}.spine_date >= {{ daily_usage }}.execution_date
            and {{ add_days(days ~ '.spine_date', -window_days) }} < {{ daily_usage }}.execution_date
    group by {{ days }}.spine_date, {{ daily_usage }}.workflow_id
{%- endmacro %}
