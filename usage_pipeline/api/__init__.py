"""The HTTP API: tracking, favourites, and every answer of the marts. How to call it: docs/api.md.

It computes no number: each query reads what dbt and the mining have computed. No Dagster here.
"""
