"""What this service counts. Labels are modes, outcomes and event types, never districts or people."""

from prometheus_client import Counter, Gauge

EVENTS = Counter(
    "bellwire_ingest_events_total",
    "Events that came in, by way (binary, structured, batch, oneroster) and outcome (accepted or the refusal).",
    ("way", "outcome"),
)
PENDING = Gauge("bellwire_ingest_pending_events", "Events handed to the broker and not yet acknowledged.")
THROTTLED = Counter("bellwire_ingest_throttled_total", "Requests answered 429 because a share was used up.")
IMPORTS = Counter("bellwire_ingest_imports_total", "OneRoster imports that ended, by status.", ("status",))
KEY_LOOKUPS = Counter(
    "bellwire_ingest_key_lookups_total", "Publisher keys looked up in the database, by outcome.", ("outcome",)
)
