"""The client of the HTTP API: `Client`, `AsyncClient`, and `track` for one's own functions.

For programs that are tracked, so it imports httpx and nothing of the pipeline.

    default       `track` and the client it reports through: one for the whole process
    sync_client, async_client   the clients
    tracking      the decorator and context manager
    sender        the thread that sends; `waiting` is its queue, `delivery` one request
    lifetime      forks and the end of the process
    endpoints     every request; `answers` and `user_answers` what comes back
    reading       the clients' methods, one for each endpoint
"""

from usage_pipeline.client.async_client import AsyncClient
from usage_pipeline.client.default import set_default_client, track
from usage_pipeline.client.errors import ApiError
from usage_pipeline.client.reports import Report
from usage_pipeline.client.stats import TrackingStats
from usage_pipeline.client.sync_client import Client
from usage_pipeline.client.tracking import TrackedExecution

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "Report",
    "TrackedExecution",
    "TrackingStats",
    "set_default_client",
    "track",
]
