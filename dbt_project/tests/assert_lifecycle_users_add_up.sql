-- Why: retention is read off this table, so no user may appear or vanish between two weeks:
-- active(w) = active(w-1) + new + resurrected - newly dormant, and no group is ever negative.
{%- set days = changed_days() %}

with weeks as (
    select * from {{ ref('workflow_lifecycle') }}
    where week_start_date >= {{ date_literal(shift_day(monday_of(days.first), -7)) }}
),

with_week_before as (
    select
        weeks.*,
        before.active_users as active_users_before
    from weeks
    inner join weeks as before
        on
            weeks.workflow_id = before.workflow_id
            and before.week_start_date = {{ add_days('weeks.week_start_date', -7) }}
)

select * from with_week_before
where
    active_users != active_users_before + new_users + resurrected_users - newly_dormant_users
    or least(new_users, returning_users, resurrected_users, dormant_users, newly_dormant_users) < 0
