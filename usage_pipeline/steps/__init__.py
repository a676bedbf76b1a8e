"""The night in order: load, build, mine, retire; and forget, on demand. Dagster stays outside."""
