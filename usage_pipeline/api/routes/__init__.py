"""The routes, one module a topic; each with its queries and the models of its answers."""
