"""The `usage-pipeline` command. Thin: each command calls what the assets call."""

from usage_pipeline.cli.main import main

__all__ = ["main"]
