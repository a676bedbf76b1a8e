-- Daily statistics, kept for USAGE_MINED_DAYS. A day's rows are written together and in the order
-- of the key, so an index that begins with the day grows at its end only.
create table mining.daily_sequences (
    execution_date date not null,
    user_id uuid not null,
    sequence_id uuid not null,
    workflow_ids uuid[] not null,
    occurrence_count bigint not null,
    last_executed timestamptz not null,
    primary key (execution_date, user_id, sequence_id)
);

create table mining.daily_transitions (
    execution_date date not null,
    user_id uuid not null,
    from_workflow_id uuid not null,
    to_workflow_id uuid not null,
    transition_count bigint not null,
    after_failure_count bigint not null,
    after_success_count bigint not null,
    primary key (execution_date, user_id, from_workflow_id, to_workflow_id)
);

create index idx_transitions_from on mining.daily_transitions (from_workflow_id);
create index idx_transitions_to on mining.daily_transitions (to_workflow_id);

create table mining.daily_step_counts (
    execution_date date not null,
    user_id uuid not null,
    workflow_id uuid not null,
    execution_count bigint not null,
    step_count bigint not null,
    failed_step_count bigint not null,
    completed_step_count bigint not null,
    session_count bigint not null,
    primary key (execution_date, user_id, workflow_id)
);

create table mining.daily_hours (
    execution_date date not null,
    user_id uuid not null,
    workflow_id uuid not null,
    local_hour smallint not null check (local_hour between 0 and 23),
    execution_count bigint not null,
    primary key (execution_date, user_id, workflow_id, local_hour)
);

create index idx_hours_user on mining.daily_hours (user_id);

-- One row per day whose statistics are there, also when they are no rows.
create table mining.mined_days (
    execution_date date primary key,
    loaded_at timestamptz,
    mined_at timestamptz not null default current_timestamp
);

-- Windows that end with the as-of date. All of them are replaced together.
create table mining.workflow_sequences (
    user_id uuid not null,
    sequence_id uuid not null,
    workflow_ids uuid[] not null,
    execution_order integer[] not null,
    frequency integer not null,
    last_executed timestamptz not null,
    popularity_rank integer not null,
    as_of_date date not null,
    primary key (user_id, sequence_id)
);

create table mining.workflow_sequence_windows (
    user_id uuid not null,
    window_days integer not null,
    sequence_id uuid not null,
    workflow_ids uuid[] not null,
    frequency integer not null,
    last_executed timestamptz not null,
    popularity_rank integer not null,
    as_of_date date not null,
    primary key (user_id, window_days, sequence_id)
);

create table mining.workflow_subsequences (
    user_id uuid not null,
    sequence_id uuid not null,
    workflow_ids uuid[] not null,
    support bigint not null,
    day_count bigint not null,
    confidence double precision not null,
    lift double precision not null,
    last_executed timestamptz not null,
    q_value double precision not null,
    as_of_date date not null,
    primary key (user_id, sequence_id)
);

create table mining.popular_sequences (
    sequence_id uuid primary key,
    user_count bigint not null,
    workflow_ids uuid[] not null,
    support bigint not null,
    day_count bigint not null,
    confidence double precision not null,
    lift double precision not null,
    last_executed timestamptz not null,
    as_of_date date not null
);

create table mining.usage_patterns (
    pattern_id uuid primary key,
    user_id uuid not null,
    pattern_type text not null check (pattern_type in ('time_based', 'sequence', 'conditional')),
    workflow_id uuid not null,
    next_workflow_id uuid,
    local_hour smallint,
    hour_count smallint,
    weekdays smallint[],
    description text not null,
    confidence double precision not null check (confidence between 0 and 1),
    hits bigint not null,
    opportunities bigint not null,
    p_value double precision not null,
    q_value double precision not null,
    evidence jsonb not null,
    as_of_date date not null,
    check (hits <= opportunities)
);

create index idx_patterns_user on mining.usage_patterns (user_id);

-- Whoever dismisses or reopens an insight sets its state and nothing else.
create table mining.usage_insights (
    insight_id uuid primary key,
    user_id uuid not null,
    insight_type text not null,
    workflow_id uuid,
    message text not null,
    action text not null,
    evidence jsonb not null,
    score double precision not null,
    magnitude double precision not null,
    fingerprint text not null,
    as_of_date date not null,
    state text not null check (state in ('open', 'dismissed', 'resolved')),
    opened_date date not null,
    resolved_date date,
    dismissed_magnitude double precision,
    dismissed_fingerprint text
);

create index idx_insights_user on mining.usage_insights (user_id);

-- dbt builds a mart of these. Readers have theirs by the default privileges of 0004.
grant usage on schema mining to usage_transformer;
grant select on all tables in schema mining to usage_transformer, usage_reader;
alter default privileges in schema mining grant select on tables to usage_transformer;

comment on table mining.daily_sequences is 'One row per user, day and sequence: sessions that consist of these workflows in this order and close on the day.';
comment on column mining.daily_sequences.occurrence_count is 'Sessions that consist of exactly these workflows, direct repeats counted as one step.';
comment on column mining.daily_sequences.last_executed is 'The last start in the last of these sessions.';

comment on table mining.daily_transitions is 'One row per user, day and pair of steps that follow each other directly in a session; of the day in which the session closes.';
comment on column mining.daily_transitions.transition_count is 'How often the second workflow directly followed the first in a session.';
comment on column mining.daily_transitions.after_failure_count is 'Of these, how often the first had failed.';
comment on column mining.daily_transitions.after_success_count is 'Of these, how often the first had completed.';

comment on table mining.daily_step_counts is 'One row per user, day and workflow: its steps in sessions that close on the day. Direct repeats are one step.';
comment on column mining.daily_step_counts.session_count is 'Sessions with at least one step of the workflow.';

comment on table mining.daily_hours is 'One row per user, workflow, day and local hour with first attempts by people.';
comment on column mining.daily_hours.local_hour is 'The hour of the start, 0 to 23, in the warehouse''s time zone.';
comment on column mining.daily_hours.execution_count is 'First attempts by people (not scheduled or chained) that started in the hour.';

comment on table mining.mined_days is 'One row per day with daily statistics, and when its executions were loaded.';
comment on column mining.mined_days.loaded_at is 'The newest load of the day that the statistics know of; empty for a day without a load.';

comment on table mining.workflow_sequences is 'One row per user and sequence: the five most frequent of the last 7 days (USAGE_SEQUENCE_WINDOW_DAYS).';
comment on column mining.workflow_sequences.workflow_ids is 'The workflows in the order in which they were run.';
comment on column mining.workflow_sequences.execution_order is 'The positions 1, 2, ... of workflow_ids.';
comment on column mining.workflow_sequences.frequency is 'Sessions of the window that consist of exactly these workflows in this order.';
comment on column mining.workflow_sequences.popularity_rank is 'The place among the user''s sequences, 1 for the most frequent. Of equally frequent ones the one executed last comes first.';

comment on table mining.workflow_sequence_windows is 'One row per user, window and sequence: the five most frequent of the last 7, 28 and 90 days.';
comment on column mining.workflow_sequence_windows.window_days is 'How many days the window has; it ends with the as-of date.';
comment on column mining.workflow_sequence_windows.frequency is 'Sessions of the window that consist of exactly these workflows in this order.';
comment on column mining.workflow_sequence_windows.popularity_rank is 'The place among the user''s sequences of the window, 1 for the most frequent.';

comment on table mining.workflow_subsequences is 'One row per user and contiguous part of sequences (2 to 5 steps, on at least 2 of the last 28 days, closed: no longer part has the same support).';
comment on column mining.workflow_subsequences.support is 'Sessions of the last 28 days with the part in them, each counted once.';
comment on column mining.workflow_subsequences.day_count is 'Days on which such a session closed.';
comment on column mining.workflow_subsequences.confidence is 'Support divided by the sessions with all steps but the last.';
comment on column mining.workflow_subsequences.lift is 'Confidence divided by the share of the user''s sessions that have the last step. 1 is chance.';
comment on column mining.workflow_subsequences.q_value is 'The false discovery rate at which its least sure transition is still no chance.';

comment on table mining.popular_sequences is 'One row per part of sequences that several users share, over the last 28 days.';
comment on column mining.popular_sequences.user_count is 'Users who have it on at least 2 days each.';
comment on column mining.popular_sequences.support is 'Sessions of all users with it in them.';
comment on column mining.popular_sequences.day_count is 'Days on which such a session closed.';
comment on column mining.popular_sequences.confidence is 'Support divided by the sessions with all steps but the last.';
comment on column mining.popular_sequences.lift is 'Confidence divided by the share of all sessions that have the last step. 1 is chance.';

comment on table mining.usage_patterns is 'One row per pattern of a user: what they run regularly, over USAGE_MINED_DAYS. Of all patterns at most 5 in 100 are expected to be chance.';
comment on column mining.usage_patterns.pattern_type is 'time_based: this workflow in these hours of these weekdays. sequence: the next workflow follows it. conditional: the next workflow follows when it fails.';
comment on column mining.usage_patterns.local_hour is 'The first hour of the window of a time_based pattern.';
comment on column mining.usage_patterns.hour_count is 'How many hours that window has.';
comment on column mining.usage_patterns.weekdays is 'The weekdays of a time_based pattern, 0 for Monday.';
comment on column mining.usage_patterns.confidence is 'The lower 95-per-cent bound (Wilson) of hits divided by opportunities.';
comment on column mining.usage_patterns.hits is 'How often the pattern came true.';
comment on column mining.usage_patterns.opportunities is 'How often it could have come true: days of those weekdays since first use, executions of the workflow, or failures of it.';
comment on column mining.usage_patterns.q_value is 'The false discovery rate at which it is still no chance (Benjamini and Hochberg).';

comment on table mining.usage_insights is 'One row per insight of a user, kept from night to night under the same id.';
comment on column mining.usage_insights.action is 'What can be done about it.';
comment on column mining.usage_insights.evidence is 'The numbers behind the message.';
comment on column mining.usage_insights.score is 'What it is worth to the user, in executions a month that it would save or mend. The greatest come first.';
comment on column mining.usage_insights.state is 'open, dismissed by the user, or resolved: no longer true.';
comment on column mining.usage_insights.opened_date is 'The as-of date of the night that opened it.';
comment on column mining.usage_insights.magnitude is 'The number that must grow by half for a dismissed insight to come again.';
