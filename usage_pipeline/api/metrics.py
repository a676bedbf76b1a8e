"""What Prometheus is told of requests. Labels are routes, never ids."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "usage_api_requests",
    "Requests answered.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
DURATIONS: Final = Histogram(
    "usage_api_request_seconds",
    "How long requests took.",
    ("method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
