-- A table, unlike its neighbours: every mart of one run must see the same names, also when a load
-- renames a workflow meanwhile.
{{ config(materialized='table', contract={'enforced': true}) }}

with workflows as (
    select * from {{ ref('stg_workflows') }}
)

select
    workflow_id,
    workflow_name,
    source,
    source_workflow_id
from workflows
