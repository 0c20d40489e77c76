"""Every metric of the stream runtimes, its type and its meaning. Labels: topics, groups, reasons only."""

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter(
    "bellwire_stream_records",
    "Records whose offset was committed after their handler.",
    ["topic", "group"],
)
BATCHES = Counter("bellwire_stream_batches", "Batches handled and committed.", ["group"])
DEAD_LETTERS = Counter(
    "bellwire_stream_dead_letters",
    "Records appended to the dead-letter topic of `topic`, by the handler's reason.",
    ["topic", "reason"],
)
HANDLER_SECONDS = Histogram(
    "bellwire_stream_handler_seconds",
    "Seconds that the handler took for one batch, failed attempts included.",
    ["group"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RETRIES = Counter(
    "bellwire_stream_retries",
    "Attempts that failed and will be made again, by where: start, fetch, handler, dead_letter.",
    ["group", "where"],
)
ABANDONED = Counter(
    "bellwire_stream_abandoned_batches",
    "Batches given up uncommitted because a rebalance or a stop took them; their next reader gets them.",
    ["group"],
)
READY = Gauge("bellwire_stream_ready", "1 while the consumer of this group can do its job.", ["group"])
SENT = Counter("bellwire_stream_sent", "Messages acknowledged by all in-sync replicas.", ["topic"])
SEND_FAILURES = Counter(
    "bellwire_stream_send_failures", "Messages not known to be appended, by error class.", ["topic", "error"]
)
