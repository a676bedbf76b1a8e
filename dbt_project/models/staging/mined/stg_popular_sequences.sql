with source as (
    select * from {{ source('mining', 'popular_sequences') }}
),

renamed as (
    select
        ---------- ids
        sequence_id,
        workflow_ids,

        ---------- numerics
        user_count,
        support,
        day_count,
        confidence,
        lift,

        ---------- timestamps
        last_executed,
        as_of_date
    from source
)

select * from renamed
