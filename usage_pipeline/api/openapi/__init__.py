"""The OpenAPI description: examples, and the reference page made from it."""
