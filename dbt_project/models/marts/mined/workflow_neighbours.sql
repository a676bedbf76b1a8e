{{ config(materialized='view') }}

-- A view of the source itself: a view of a view that dbt makes anew would go with the old one. Each side
-- reads it by itself, so that the index of that side finds the rows of one workflow.
{%- set as_of = changed_days().as_of %}

with before as (
    select
        to_workflow_id as workflow_id,
        'before' as side,
        from_workflow_id as neighbour_id,
        transition_count
    from {{ source('mining', 'daily_transitions') }}
    where
        execution_date > {{ date_literal(shift_day(as_of, -var('month_days'))) }}
        and execution_date <= {{ date_literal(as_of) }}
),

after as (
    select
        from_workflow_id as workflow_id,
        'after' as side,
        to_workflow_id as neighbour_id,
        transition_count
    from {{ source('mining', 'daily_transitions') }}
    where
        execution_date > {{ date_literal(shift_day(as_of, -var('month_days'))) }}
        and execution_date <= {{ date_literal(as_of) }}
),

sides as (
    select * from before
    union all
    select * from after
),

summed as (
    select
        workflow_id,
        side,
        neighbour_id,
        cast(sum(transition_count) as {{ dbt.type_bigint() }}) as transition_count
    from sides
    group by workflow_id, side, neighbour_id
)

select
    workflow_id,
    cast(side as varchar(10)) as side,
    neighbour_id,
    transition_count,
    cast(row_number() over (
        partition by workflow_id, side order by transition_count desc, neighbour_id asc
    ) as integer) as neighbour_rank,
    {{ date_literal(as_of) }} as as_of_date
from summed
