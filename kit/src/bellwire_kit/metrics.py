"""The metrics that every service has; its own stand in its `metrics.py`. No personal data in labels."""

from prometheus_client import Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_SECONDS = Histogram(
    "bellwire_http_request_seconds",
    "Time to answer a request, by route pattern and status.",
    ("method", "route", "status"),
    buckets=_SECONDS,
)
UNEXPECTED_ERRORS = Counter(
    "bellwire_unexpected_errors_total",
    "Errors that no rule foresaw, by where they were caught.",
    ("where",),
)
