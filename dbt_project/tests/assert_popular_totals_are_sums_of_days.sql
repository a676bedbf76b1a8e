-- Why: "same numbers everywhere". The 7 days of a popular workflow are the 7 days one can add up by hand
-- from the daily usage: not 6, not 8, and none twice.
{{ config(meta={'dagster': {'ref': {'name': 'popular_workflows'}}}) }}

with popular as (
    select * from {{ ref('popular_workflows') }}
    where {{ within_changed_days('as_of_date') }}
),

daily_usage as (
    select * from {{ ref('workflow_daily_usage') }}
),

added_up as (
    select
        popular.as_of_date,
        popular.workflow_id,
        popular.total_executions,
        sum(daily_usage.total_executions) as expected
    from popular
    left join daily_usage
        on
            popular.workflow_id = daily_usage.workflow_id
            and popular.as_of_date >= daily_usage.execution_date
            and {{ add_days('popular.as_of_date', -7) }} < daily_usage.execution_date
    group by popular.as_of_date, popular.workflow_id, popular.total_executions
)

select * from added_up
where expected is null or total_executions != expected
