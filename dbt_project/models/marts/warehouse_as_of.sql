-- Built when everything else is, so that a reader who finds a new as-of date here finds it everywhere.
-- depends_on: {{ ref('abandoned_workflows') }}
-- depends_on: {{ ref('days') }}
-- depends_on: {{ ref('organisation_daily_usage') }}
-- depends_on: {{ ref('organisation_daily_usage_filled') }}
-- depends_on: {{ ref('popular_workflows') }}
-- depends_on: {{ ref('popular_workflows_current') }}
-- depends_on: {{ ref('user_abandoned_workflows') }}
-- depends_on: {{ ref('user_workflow_durations') }}
-- depends_on: {{ ref('user_workflow_errors') }}
-- depends_on: {{ ref('user_workflow_stats') }}
-- depends_on: {{ ref('user_workflow_usage') }}
-- depends_on: {{ ref('users') }}
-- depends_on: {{ ref('workflow_daily_usage') }}
-- depends_on: {{ ref('workflow_daily_usage_filled') }}
-- depends_on: {{ ref('workflow_duration_percentiles') }}
-- depends_on: {{ ref('workflow_lifecycle') }}
-- depends_on: {{ ref('workflow_success_rates') }}
-- depends_on: {{ ref('workflow_success_rates_current') }}
-- depends_on: {{ ref('workflows') }}

{%- set days = changed_days() %}

with ledger as (
    select * from {{ ref('stg_load_ledger') }}
)

select
    {{ date_literal(days.as_of) }} as as_of_date,
    min(execution_date) as first_day,
    max(execution_date) as last_day
from ledger
having count(*) > 0
