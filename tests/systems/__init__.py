"""Real systems, installed and started by the tests, read as sources. They need PyPI."""
