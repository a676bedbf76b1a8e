-- How many of a day's sequences are pieces of a session that was too long.
alter table mining.daily_sequences add column split_count bigint;

comment on column mining.daily_sequences.split_count is
'Of these sessions, those that are pieces of a session with more than 50 steps, which was split. Empty for days mined before this was counted.';
