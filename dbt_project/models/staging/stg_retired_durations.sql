with source as (
    select * from {{ source('raw', 'retired_durations') }}
),

renamed as (
    select
        ---------- ids
        user_id,
        workflow_id,

        ---------- numerics
        duration_bucket,
        duration_count,

        ---------- dates
        execution_date
    from source
)

select * from renamed
