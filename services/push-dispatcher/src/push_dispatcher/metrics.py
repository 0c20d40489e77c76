"""The dispatcher's metrics: names, types and meaning in one place. No personal data in labels."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "bellwire_push_requests_total",
    "Requests to providers, by lane and what the answer asked of us.",
    ("lane", "verdict"),
)
REQUEST_SECONDS = Histogram(
    "bellwire_push_request_seconds",
    "Time from sending a push to its provider's answer.",
    ("lane",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
ENDED = Counter(
    "bellwire_push_ended_total",
    "Alerts on devices that ended after a request, by lane and state.",
    ("lane", "state"),
)
WINDOW = Gauge("bellwire_push_window", "Requests that a lane allows in flight.", ("lane",))
QUEUED = Gauge("bellwire_push_queued", "Leased rows that wait in memory.", ("lane",))
BREAKER_OPEN = Gauge("bellwire_push_breaker_open", "1 while a lane holds its work.", ("lane",))
PRUNED = Counter("bellwire_push_pruned_total", "Devices removed because their token was refused.", ("lane",))
NOT_PRUNED = Counter(
    "bellwire_push_not_pruned_total", "Refused tokens that the mass-prune guard or time rule kept.", ("lane",)
)
