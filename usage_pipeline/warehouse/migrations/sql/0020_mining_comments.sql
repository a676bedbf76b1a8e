-- A comment on every column that readers see in `mining`; those of earlier versions stay.
comment on column mining.daily_sequences.execution_date is 'The day on which the sessions close.';
comment on column mining.daily_sequences.user_id is 'The user; marts.users has the name.';
comment on column mining.daily_sequences.sequence_id is 'UUIDv5 of the user and the workflows, the same on every day.';
comment on column mining.daily_sequences.workflow_ids is 'The workflows in the order in which they were run.';

comment on column mining.daily_transitions.execution_date is 'The day on which the sessions close.';
comment on column mining.daily_transitions.user_id is 'The user; marts.users has the name.';
comment on column mining.daily_transitions.from_workflow_id is 'The workflow that was run first.';
comment on column mining.daily_transitions.to_workflow_id is 'The workflow that directly followed it.';

comment on column mining.daily_step_counts.execution_date is 'The day on which the sessions close.';
comment on column mining.daily_step_counts.user_id is 'The user; marts.users has the name.';
comment on column mining.daily_step_counts.workflow_id is 'The workflow; marts.workflows has the name.';
comment on column mining.daily_step_counts.execution_count is 'Executions of the workflow in these sessions, each repeat counted.';
comment on column mining.daily_step_counts.step_count is 'Steps of the workflow in these sessions; direct repeats are one step.';
comment on column mining.daily_step_counts.failed_step_count is 'Steps whose last repeat failed.';
comment on column mining.daily_step_counts.completed_step_count is 'Steps whose last repeat completed.';

comment on column mining.daily_hours.execution_date is 'The day of the start.';
comment on column mining.daily_hours.user_id is 'The user; marts.users has the name.';
comment on column mining.daily_hours.workflow_id is 'The workflow; marts.workflows has the name.';

comment on column mining.mined_days.execution_date is 'The day whose statistics are there.';
comment on column mining.mined_days.mined_at is 'When the statistics were written last.';

comment on column mining.workflow_sequences.user_id is 'The user; marts.users has the name.';
comment on column mining.workflow_sequences.sequence_id is 'UUIDv5 of the user and the workflows, the same every night.';
comment on column mining.workflow_sequences.last_executed is 'The last start in the last of these sessions.';
comment on column mining.workflow_sequences.as_of_date is 'The day with which the window ends.';

comment on column mining.workflow_sequence_windows.user_id is 'The user; marts.users has the name.';
comment on column mining.workflow_sequence_windows.sequence_id is 'UUIDv5 of the user and the workflows, the same every night.';
comment on column mining.workflow_sequence_windows.workflow_ids is 'The workflows in the order in which they were run.';
comment on column mining.workflow_sequence_windows.as_of_date is 'The day with which the window ends.';

comment on column mining.workflow_subsequences.user_id is 'The user; marts.users has the name.';
comment on column mining.workflow_subsequences.sequence_id is 'UUIDv5 of the user and the workflows, the same every night.';
comment on column mining.workflow_subsequences.workflow_ids is 'The workflows in the order in which they were run.';
comment on column mining.workflow_subsequences.last_executed is 'The last start in the last of these sessions.';
comment on column mining.workflow_subsequences.as_of_date is 'The day with which the 28 days end.';

comment on column mining.popular_sequences.sequence_id is 'UUIDv5 of the workflows, the same every night.';
comment on column mining.popular_sequences.workflow_ids is 'The workflows in the order in which they were run.';
comment on column mining.popular_sequences.as_of_date is 'The day with which the 28 days end.';

comment on column mining.usage_patterns.pattern_id is 'UUIDv5 of what makes the pattern, the same every night.';
comment on column mining.usage_patterns.user_id is 'The user; marts.users has the name.';
comment on column mining.usage_patterns.workflow_id is 'The workflow that is run, or that comes first; marts.workflows has the name.';
comment on column mining.usage_patterns.next_workflow_id is 'The workflow that follows; empty for a time_based pattern.';
comment on column mining.usage_patterns.description is 'The pattern in a sentence.';
comment on column mining.usage_patterns.p_value is 'How likely chance alone would show as much. Small is sure.';
comment on column mining.usage_patterns.evidence is 'The other numbers behind it; mining.pattern_evidence has them as columns.';
comment on column mining.usage_patterns.as_of_date is 'The last day that the pattern has seen.';

comment on column mining.usage_insights.insight_id is 'UUIDv5 of the user, the type and the subject, the same every night.';
comment on column mining.usage_insights.user_id is 'The user whom it is for; marts.users has the name.';
comment on column mining.usage_insights.insight_type is 'What it tells, such as struggling or unused.';
comment on column mining.usage_insights.workflow_id is 'The workflow that it is about; empty when it is about several or none.';
comment on column mining.usage_insights.message is 'The insight in a sentence.';
comment on column mining.usage_insights.fingerprint is 'The fact that must change for a dismissed insight to come again.';
comment on column mining.usage_insights.as_of_date is 'The last night that found it.';
comment on column mining.usage_insights.resolved_date is 'The as-of date of the first night that no longer found it; empty while it is open.';
comment on column mining.usage_insights.dismissed_magnitude is 'The magnitude when the user dismissed it; the night after the dismissal fills it.';
comment on column mining.usage_insights.dismissed_fingerprint is 'The fingerprint when the user dismissed it; the night after the dismissal fills it.';

comment on column mining.insight_evidence.insight_id is 'The insight; mining.usage_insights names its user.';
comment on column mining.insight_evidence.insight_type is 'What it tells, such as struggling or unused.';
comment on column mining.pattern_evidence.pattern_id is 'The pattern; mining.usage_patterns names its user.';
comment on column mining.pattern_evidence.pattern_type is 'time_based, sequence or conditional.';
