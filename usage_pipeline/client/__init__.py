"""The client of the HTTP API: `Client`, `AsyncClient`, and `track` for one's own functions.

For programs that are tracked: a distribution of its own, `usage-pipeline-client`, which needs httpx
and nothing of the pipeline.

    clients       `Client` and `AsyncClient`; `default` has the `track` of the whole process
    reading       their methods that ask the API; `async_reading` is generated from it
    answers       what comes back; generated from the API's description
    requests      requests, lists, and the answers made of responses, or `errors`
    tracking      the decorator and context manager; `reports` are what it reports
    sender        the thread that sends; `delivery` is one request, and the counts of all
    lifetime      forks and the end of the process
"""

from usage_pipeline.client.clients import AsyncClient, Client
from usage_pipeline.client.default import set_default_client, track
from usage_pipeline.client.delivery import TrackingStats
from usage_pipeline.client.errors import ApiError
from usage_pipeline.client.reports import Report
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
