"""What `/track` takes in: reported executions as rows, collected and committed in groups."""
