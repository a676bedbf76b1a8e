"""The Postgres warehouse as plain Python: server, connection, migrations, the daily swap.

No Dagster here; assets, the CLI and the API call the same functions.
"""
