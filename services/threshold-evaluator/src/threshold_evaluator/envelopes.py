"""The envelope of a record, as much of it as is used here: the reading of `bellwire_schemas.envelope`, quickly.

What is not plain is put before `from_kafka`, which has the last word and names what is wrong.
"""

from datetime import datetime

from bellwire_kit.streams.protocol import Record
from bellwire_schemas.envelope import BACKFILL, TRACEPARENT, from_kafka, traceparent_of
from bellwire_schemas.source import Source, parse_source
from msgspec import Struct

_BACKFILL = f"ce_{BACKFILL}"
_TRACEPARENT = f"ce_{TRACEPARENT}"
_SOURCES_KEPT = 10_000
_sources: dict[str, Source] = {}


class Envelope(Struct, frozen=True, gc=False):
    """Of whom an event is, which it is, and of what type; `event_source` is its source as text."""

    source: Source
    event_source: str
    event_id: str
    type: str
    backfill: bool
    traceparent: str


def envelope_of(record: Record) -> Envelope:
    """Read the headers of a record. Raises `InvalidEnvelope` and `InvalidSource`, naming what is wrong."""
    headers = dict(record.headers)
    try:
        # A line end between them: a character cut by the end of one value is not made whole by the next.
        b"\n".join(headers.values()).decode()
        event_source = headers["ce_source"].decode()
        envelope = Envelope(
            _sources[event_source],
            event_source,
            headers["ce_id"].decode(),
            headers["ce_type"].decode(),
            headers.get(_BACKFILL, b"").lower() == b"true",
            traceparent_of(headers[_TRACEPARENT].decode()) if _TRACEPARENT in headers else "",
        )
        time = datetime.fromisoformat(headers["ce_time"].decode())
    except (KeyError, ValueError):
        return _envelope(record)
    plain = (
        len(headers) == len(record.headers)
        and envelope.event_id
        and envelope.type
        and time.tzinfo is not None
        and headers.get("ce_specversion") == b"1.0"
    )
    return envelope if plain else _envelope(record)


def _envelope(record: Record) -> Envelope:
    event = from_kafka(record.value, record.headers)
    return Envelope(
        _source(event.source), event.source, event.id, event.type, event.backfill, event.traceparent
    )


def _source(text: str) -> Source:
    known = _sources.get(text)
    if known is None:
        if len(_sources) > _SOURCES_KEPT:
            _sources.clear()
        known = _sources[text] = parse_source(text)
    return known
