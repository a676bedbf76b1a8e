with source as (
    select * from {{ source('raw', 'retired_errors') }}
),

renamed as (
    select
        ---------- ids
        user_id,
        workflow_id,

        ---------- strings
        error_class,

        ---------- numerics
        failure_count,

        ---------- dates
        execution_date
    from source
)

select * from renamed
