"""Reading inputs: where files lie, how they are streamed, and how rows are spooled by day."""
