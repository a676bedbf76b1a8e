"""Workflow usage analytics: a batch pipeline from executions to marts."""
