{{
    config(
        materialized='incremental',
        incremental_strategy='replace_days',
        meta={'replaced_column': 'execution_date', 'lookahead_days': 0},
        indexes=[{'columns': ['execution_date']}, {'columns': ['workflow_id', 'execution_date']}],
    )
}}

{%- set days = days_to_build() -%}

with contributions as (
    select * from {{ ref('int_error_contributions') }}
    where execution_date between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
)

select
    user_id,
    workflow_id,
    execution_date,
    error_class,
    cast(sum(failure_count) as integer) as failure_count
from contributions
group by user_id, workflow_id, execution_date, error_class
