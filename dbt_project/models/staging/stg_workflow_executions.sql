with source as (
    select * from {{ source('raw', 'workflow_executions_simple') }}
),

renamed as (
    select
        ---------- ids
        id as execution_id,
        user_id,
        workflow_id,

        ---------- strings
        source,
        status,
        trigger_type,
        error_class,

        ---------- numerics
        attempt,
        cost,
        input_size,
        output_size,
        {{ duration_ms('start_time', 'end_time') }} as duration_ms,
        case when queued_at <= start_time then {{ duration_ms('queued_at', 'start_time') }} end as waiting_ms,

        ---------- booleans
        {{ is_by_people('trigger_type') }} as is_by_people,

        ---------- dates
        execution_date,

        ---------- timestamps
        start_time as started_at,
        end_time as ended_at
    from source
)

select * from renamed
