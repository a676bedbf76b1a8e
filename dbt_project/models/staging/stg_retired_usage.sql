with source as (
    select * from {{ source('raw', 'retired_usage') }}
),

renamed as (
    select
        ---------- ids
        user_id,
        workflow_id,

        ---------- numerics
        execution_count,
        success_count,
        failure_count,
        cancelled_count,
        open_count,
        people_execution_count,
        duration_count,
        total_duration_ms,
        total_cost,
        manual_count,
        api_count,
        scheduled_count,
        chained_count,
        untriggered_count,
        retry_count,
        recovered_count,
        failed_duration_ms,
        cancelled_duration_ms,
        failed_cost,
        cancelled_cost,
        waiting_count,
        total_waiting_ms,
        input_size_count,
        total_input_size,
        output_size_count,
        total_output_size,

        ---------- booleans
        last_people_failed,

        ---------- dates
        execution_date,

        ---------- timestamps
        first_started_at,
        last_started_at,
        last_people_started_at
    from source
)

select * from renamed
