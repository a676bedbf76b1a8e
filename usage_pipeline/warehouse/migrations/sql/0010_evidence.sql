-- The numbers of an insight and of a pattern as columns, so that each has a type and a definition.
-- They name no user: the insight and the pattern do.
create view mining.insight_evidence as
select
    insight_id,
    insight_type,
    (evidence ->> 'days')::int as days,
    (evidence ->> 'previous_days')::int as previous_days,
    (evidence ->> 'people_execution_count')::bigint as people_execution_count,
    (evidence ->> 'execution_count')::bigint as execution_count,
    (evidence ->> 'success_count')::bigint as success_count,
    (evidence ->> 'failure_count')::bigint as failure_count,
    (evidence ->> 'success_rate')::double precision as success_rate,
    (evidence ->> 'sample_size')::bigint as sample_size,
    (evidence ->> 'previous_success_rate')::double precision as previous_success_rate,
    (evidence ->> 'previous_sample_size')::bigint as previous_sample_size,
    (evidence ->> 'median_duration_ms')::double precision as median_duration_ms,
    (evidence ->> 'duration_count')::bigint as duration_count,
    (evidence ->> 'previous_median_duration_ms')::double precision as previous_median_duration_ms,
    (evidence ->> 'previous_duration_count')::bigint as previous_duration_count,
    (evidence ->> 'p_value')::double precision as p_value,
    (evidence ->> 'workflow_count')::bigint as workflow_count,
    (evidence ->> 'total_cost')::double precision as total_cost,
    (evidence ->> 'share_of_user_cost')::double precision as share_of_user_cost,
    (evidence ->> 'support')::bigint as support,
    (evidence ->> 'day_count')::bigint as day_count,
    (evidence ->> 'local_hour')::int as local_hour,
    (evidence ->> 'hour_count')::int as hour_count,
    (evidence ->> 'hits')::bigint as hits,
    (evidence ->> 'opportunities')::bigint as opportunities,
    (evidence ->> 'users_who_abandoned')::bigint as users_who_abandoned,
    (evidence ->> 'users_of_both')::bigint as users_of_both,
    (evidence ->> 'users')::bigint as users,
    (evidence ->> 'usual_share')::double precision as usual_share,
    (evidence ->> 'confidence')::double precision as confidence,
    (evidence ->> 'lift')::double precision as lift
from mining.usage_insights;

create view mining.pattern_evidence as
select
    pattern_id,
    pattern_type,
    (evidence ->> 'expected_by_chance')::double precision as expected_by_chance,
    (evidence ->> 'hits_after_success')::bigint as hits_after_success,
    (evidence ->> 'opportunities_after_success')::bigint as opportunities_after_success
from mining.usage_patterns;

comment on view mining.insight_evidence is 'One row per insight: the numbers behind its message. A number that its type does not use is empty.';
comment on column mining.insight_evidence.days is 'Over how many days the insight counts. They end with the as-of date.';
comment on column mining.insight_evidence.previous_days is 'How many days, just before those, it compares with.';
comment on column mining.insight_evidence.people_execution_count is 'Executions of the workflow that this user started in person or through the API, in these days.';
comment on column mining.insight_evidence.execution_count is 'All executions of the workflow for this user in these days.';
comment on column mining.insight_evidence.success_count is 'Executions of this user that completed in these days.';
comment on column mining.insight_evidence.failure_count is 'Executions of this user that failed in these days.';
comment on column mining.insight_evidence.success_rate is 'Completed executions divided by completed and failed ones, in these days. Where a workflow became less reliable: of all its users.';
comment on column mining.insight_evidence.sample_size is 'Executions that completed or failed in these days.';
comment on column mining.insight_evidence.previous_success_rate is 'The same rate in the days before, of all users.';
comment on column mining.insight_evidence.previous_sample_size is 'Executions of all users that completed or failed in the days before.';
comment on column mining.insight_evidence.median_duration_ms is 'Half of the workflow''s executions in these days took longer; read from the duration histogram, of all users.';
comment on column mining.insight_evidence.duration_count is 'Executions of all users in these days that have a duration.';
comment on column mining.insight_evidence.previous_median_duration_ms is 'The same median in the days before.';
comment on column mining.insight_evidence.previous_duration_count is 'Executions of all users in the days before that have a duration.';
comment on column mining.insight_evidence.p_value is 'How likely chance alone would show such a change. Small is sure.';
comment on column mining.insight_evidence.workflow_count is 'Workflows that this user ran in person before, and that nobody and nothing has run for them in these days.';
comment on column mining.insight_evidence.total_cost is 'What the workflow cost this user in these days.';
comment on column mining.insight_evidence.share_of_user_cost is 'That cost divided by the cost of all the user''s workflows in these days.';
comment on column mining.insight_evidence.support is 'Sessions of this user in these days with the sequence in them, each counted once.';
comment on column mining.insight_evidence.day_count is 'Days on which such a session closed.';
comment on column mining.insight_evidence.local_hour is 'The first hour of the time of day, 0 to 23, in the warehouse''s time zone.';
comment on column mining.insight_evidence.hour_count is 'How many hours that time of day has.';
comment on column mining.insight_evidence.hits is 'Days of those weekdays on which the workflow was run at that time.';
comment on column mining.insight_evidence.opportunities is 'All days of those weekdays since the first use.';
comment on column mining.insight_evidence.users_who_abandoned is 'Of these users, those who have stopped using the workflow.';
comment on column mining.insight_evidence.users_of_both is 'Of these users, those who also run the proposed workflow.';
comment on column mining.insight_evidence.users is 'Users who run, or ran, the workflow.';
comment on column mining.insight_evidence.usual_share is 'What share of its users a workflow has usually lost.';
comment on column mining.insight_evidence.confidence is 'How sure it is: the lower 95-per-cent bound (Wilson) of the share. Of a sequence: its sessions divided by those with all steps but the last.';
comment on column mining.insight_evidence.lift is 'How many times as common as by chance. 1 is chance.';

comment on view mining.pattern_evidence is 'One row per pattern: the other numbers behind it. A number that its type does not use is empty.';
comment on column mining.pattern_evidence.expected_by_chance is 'How often it would have come true by chance.';
comment on column mining.pattern_evidence.hits_after_success is 'How often the next workflow followed a success of the first.';
comment on column mining.pattern_evidence.opportunities_after_success is 'How often the first workflow succeeded.';

comment on column mining.workflow_sequence_windows.last_executed is 'The last start in the last of these sessions. Its day is that of the warehouse''s time zone.';
comment on column mining.popular_sequences.last_executed is 'The last start in the last of these sessions. Its day is that of the warehouse''s time zone.';
