"""Rows to executions: the canonical schema, words, times, and reasons for rejecting a row."""
