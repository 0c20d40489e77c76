"""The metrics of this service. No personal data in labels."""

from prometheus_client import Counter

MAILS = Counter(
    "bellwire_update_mails_total",
    "Letters by what the server said: sent, refused_for_now, refused, server_away (attempts).",
    ("outcome",),
)
EVENTS = Counter(
    "bellwire_update_events_total",
    "Lifecycle events by what the broker said: published, not_acknowledged.",
    ("outcome",),
)
