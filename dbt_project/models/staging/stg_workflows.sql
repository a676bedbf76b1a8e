with source as (
    select * from {{ source('raw', 'workflows') }}
),

renamed as (
    select
        ---------- ids
        workflow_id,
        source_workflow_id,

        ---------- strings
        workflow_name,
        source
    from source
)

select * from renamed
