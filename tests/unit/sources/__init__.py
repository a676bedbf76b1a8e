"""Tests of the sources: files in, canonical columns out. No database."""
