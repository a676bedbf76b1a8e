"""Systems that are asked for the executions of a span: databases and HTTP APIs."""
