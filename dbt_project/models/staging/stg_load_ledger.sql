with source as (
    select * from {{ source('raw', 'load_ledger') }}
),

renamed as (
    select
        ---------- strings
        source,

        ---------- numerics
        read_count,
        loaded_count,
        rejected_count,
        duplicate_count,
        retired_count,

        ---------- booleans
        retired_at is not null as is_retired,

        ---------- dates
        execution_date,

        ---------- timestamps
        loaded_at,
        retired_at
    from source
)

select * from renamed
