"""The embedded PostgreSQL: its server process, its configuration, its account of the system."""
