"""Mining: sequences, patterns and insights, found from executions alone.

Columns in, columns out: no Dagster, no SQL, no clock, no environment; the as-of date is always a
parameter. `daily` counts a day, `sequences`, `subsequences` and `patterns` mine windows of counted
days, `insights` and `insight_states` say what is worth telling.
"""
