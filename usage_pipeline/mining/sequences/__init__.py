"""Sequences over windows of days: whole ones, contiguous parts, and what follows what."""
