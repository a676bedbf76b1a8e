"""Mining: sequences, patterns and insights, found from executions alone.

Columns in, columns out: no Dagster, no SQL, no clock, no environment; the as-of date is always a
parameter. `daily` counts a day; `windows` mines windows of counted days with `sequences` and
`patterns`; `insights` says what is worth telling.
"""
