"""The metrics of the deciding half. No personal data in labels."""

from prometheus_client import Counter, Gauge

EVENTS = Counter(
    "bellwire_evaluator_events_total", "Change events, by what detection made of them.", ("detection",)
)
DECISIONS = Counter(
    "bellwire_evaluator_decisions_total", "Decisions for one event and user.", ("outcome", "reason")
)
PUBLISHED = Counter("bellwire_evaluator_published_total", "Messages appended to the alerts topic.")
RELEASED = Counter(
    "bellwire_evaluator_released_total", "Unsent alerts looked at again, by what became of them.", ("became",)
)
DELIVERIES = Counter("bellwire_evaluator_deliveries_total", "Reports about alerts on devices.", ("outcome",))
RELEASE_LAG = Gauge("bellwire_evaluator_release_lag_seconds", "How long the oldest due alert has been due.")
