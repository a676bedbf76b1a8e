"""Mining: sequences, patterns and insights from executions alone.

Columns go in and come out. Mining knows neither Dagster nor SQL, neither a clock nor an
environment; the as-of date is always a parameter. `daily` counts a day; `windows` mines windows of
counted days with `sequences` and `patterns`; `insights` says what is worth telling.
"""
