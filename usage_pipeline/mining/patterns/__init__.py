"""Usage patterns: by time, by sequence, and after a failure."""
