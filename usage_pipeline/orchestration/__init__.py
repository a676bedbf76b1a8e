"""What Dagster needs around the definitions: its home, partitions, resources, alerts, failures."""
