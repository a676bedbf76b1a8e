"""File formats: bytes to rows of text, one module a format."""
