with source as (
    select * from {{ source('raw', 'users') }}
),

renamed as (
    select
        ---------- ids
        user_id,

        ---------- strings
        source,
        source_user_id
    from source
)

select * from renamed
