"""CloudEvents 1.0 as the services carry it, and its Kafka binding in binary mode.

Source: CloudEvents core specification 1.0.2 and its Kafka protocol binding, section 3.2: attributes are
headers `ce_<name>`, `datacontenttype` is the header `content-type`, the value is the data as it came.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

JSON = "application/json"
BACKFILL = "bellwirebackfill"
TRACEPARENT = "traceparent"
TRACEPARENT_PATTERN = "00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
"""Version, trace id, parent id and flags; an id of zeros is none (W3C Trace Context, section 3.2)."""
_traceparent = re.compile(TRACEPARENT_PATTERN).fullmatch

Headers = tuple[tuple[str, bytes], ...]


class InvalidEnvelope(ValueError):
    """A record on a topic of ours is a CloudEvent 1.0 in Kafka binary mode."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One CloudEvent; `data` is JSON text in UTF-8, exactly as its producer wrote it."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: bytes
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def backfill(self) -> bool:
        """True when the event sets state, counts as told, and sends nothing (product.md section 2)."""
        return self.extensions.get(BACKFILL, "").lower() == "true"

    @property
    def traceparent(self) -> str:
        """The trace that the event is part of, or ""."""
        return traceparent_of(self.extensions.get(TRACEPARENT, ""))


def traceparent_of(text: str) -> str:
    """Return the text if it is a traceparent of version 00 (55 characters), else "": a bad one costs no event."""
    return text if _traceparent(text) else ""


def to_kafka(event: CloudEvent) -> tuple[bytes, Headers]:
    """Return value and headers of the record that carries the event."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", event.time.isoformat().encode()),
        ("content-type", JSON.encode()),
    ]
    headers.extend((f"ce_{name}", value.encode()) for name, value in event.extensions.items())
    return event.data, tuple(headers)


_CORE = ("id", "source", "type", "time")


def from_kafka(value: bytes, headers: Iterable[tuple[str, bytes]]) -> CloudEvent:
    """Read a record. Raises `InvalidEnvelope` that names the missing or broken attribute."""
    attributes: dict[str, str] = {}
    try:
        for name, raw in headers:
            if name.startswith("ce_"):
                attributes[name[3:]] = raw.decode()
    except UnicodeDecodeError:
        raise InvalidEnvelope(f"header {name} is not UTF-8") from None
    for name in _CORE:
        if not attributes.get(name):
            raise InvalidEnvelope(f"header ce_{name} is missing")
    try:
        time = datetime.fromisoformat(attributes.pop("time"))
    except ValueError:
        raise InvalidEnvelope("header ce_time is not an RFC 3339 time") from None
    if time.tzinfo is None:
        raise InvalidEnvelope("header ce_time has no offset")
    if attributes.pop("specversion", "") != "1.0":
        raise InvalidEnvelope("header ce_specversion is not 1.0")
    return CloudEvent(
        id=attributes.pop("id"),
        source=attributes.pop("source"),
        type=attributes.pop("type"),
        subject=attributes.pop("subject", ""),
        time=time,
        data=value,
        extensions=attributes,
    )
