"""The door: whether one event may come in, and under which topic and key (product.md section 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bellwire_schemas import topics
from bellwire_schemas.catalogue import INCOMING, EventType
from bellwire_schemas.envelope import BACKFILL, CloudEvent
from bellwire_schemas.keys import encoded, roster_key, student_key
from bellwire_schemas.source import InvalidSource, Source, parse_source
from pydantic import ValidationError

from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.moments import AHEAD, NotAMoment, parse_moment, within
from gradebook_events.domain.refusals import Finding, Refusal, RefusalKind, pointer

MAX_DATA = 256 * 1024
"""Bytes of one event's data."""
MAX_DEPTH = 64
"""Objects and lists within each other."""
_MAX_FINDINGS = 20
_NUL = b"\\u0000"
_TYPES = ", ".join(sorted(INCOMING))


@dataclass(slots=True)
class Admitted:
    """An event that may be appended, with where to. Not frozen, for speed; nobody changes one."""

    topic: str
    key: bytes
    event: CloudEvent


def admit(incoming: Incoming, publisher: Source, now: datetime) -> Admitted | Refusal:
    """Judge one event from a publisher of that district and environment; `now` is product time.

    The data of an admitted event is the bytes that came, unknown fields and all.
    """
    if incoming.source != str(publisher) and (refusal := _foreign(incoming, publisher)):
        return refusal[0]
    kind = INCOMING.get(incoming.type)
    if kind is None:
        detail = f"'type' must be one of {_TYPES}"
        return Refusal(RefusalKind.UNKNOWN_TYPE, "/type", detail, incoming.id)
    if refusal := _unsafe(incoming):
        return refusal[0]
    try:
        # Strict: "yes" is no boolean and 1735689600 no time, as the published JSON Schema says too.
        data: Any = kind.model.__pydantic_validator__.validate_json(incoming.data, strict=True)
    except ValidationError as error:
        return _invalid(error, incoming.id)
    for disagreement in _disagreements(incoming, kind, data, publisher, now):
        return disagreement
    return _placed(incoming, kind, data, publisher)


def _foreign(incoming: Incoming, publisher: Source) -> tuple[Refusal, ...]:
    try:
        source = parse_source(incoming.source)
    except InvalidSource as error:
        return (Refusal(RefusalKind.INVALID_ATTRIBUTE, "/source", str(error), incoming.id),)
    if source == publisher:
        return ()
    detail = f"'source' must be {publisher} for this key"
    return (Refusal(RefusalKind.FOREIGN_SOURCE, "/source", detail, incoming.id),)


def _unsafe(incoming: Incoming) -> tuple[Refusal, ...]:
    """Refuse what would not survive on the way: too large, too deep, or with a NUL, which no column holds."""
    data = incoming.data
    if len(data) > MAX_DATA:
        detail = f"'data' must be at most {MAX_DATA} bytes"
        return (Refusal(RefusalKind.TOO_LARGE, "/data", detail, incoming.id),)
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and depth(data) > MAX_DEPTH:
        detail = f"'data' must be nested at most {MAX_DEPTH} deep"
        return (Refusal(RefusalKind.TOO_DEEP, "/data", detail, incoming.id),)
    if _NUL in data and _NUL in data.replace(b"\\\\", b""):
        detail = "'data' must not contain the character U+0000"
        return (Refusal(RefusalKind.INVALID_DATA, "/data", detail, incoming.id),)
    return ()


def depth(data: bytes) -> int:
    """Return how deeply objects and lists are nested in JSON text, without reading it into values."""
    deepest = level = 0
    in_text = escaped = False
    for byte in data:
        if escaped:
            escaped = False
        elif in_text:
            escaped = byte == 0x5C
            in_text = byte != 0x22
        elif byte == 0x22:
            in_text = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest


def _invalid(error: ValidationError, event_id: str) -> Refusal:
    found = tuple(
        Finding(pointer("data", *item["loc"]), item["msg"])
        for item in error.errors(include_input=False, include_url=False, include_context=False)[
            :_MAX_FINDINGS
        ]
    )
    return Refusal(RefusalKind.INVALID_DATA, found[0].pointer, found[0].detail, event_id, found)


def _disagreements(
    incoming: Incoming, kind: EventType, data: Any, publisher: Source, now: datetime
) -> Iterator[Refusal]:
    if data.district_id != publisher.district_id:
        detail = f"'district_id' must be {publisher.district_id} for this key"
        yield Refusal(RefusalKind.FOREIGN_SOURCE, "/data/district_id", detail, incoming.id)
    if not within(data.modified_at):
        detail = "'modified_at' must be a time from the year 1900 on"
        yield Refusal(RefusalKind.INVALID_DATA, "/data/modified_at", detail, incoming.id)
    elif data.modified_at > now + AHEAD:
        detail = "'modified_at' must not be more than 5 minutes ahead of our clock"
        yield Refusal(RefusalKind.MODIFIED_IN_FUTURE, "/data/modified_at", detail, incoming.id)
    owner: str = getattr(data, kind.id_field)
    subject = f"{kind.subject}/{owner}"
    if incoming.subject not in ("", subject) and incoming.subject != f"{kind.subject}/{encoded(owner)}":
        detail = f"'subject' must be {kind.subject}/ and the {kind.id_field} of the data"
        yield Refusal(RefusalKind.SUBJECT_DISAGREES, "/subject", detail, incoming.id)
    if incoming.extensions.get(BACKFILL, "true") not in ("true", "false"):
        detail = f"'{BACKFILL}' must be true or false"
        yield Refusal(RefusalKind.INVALID_ATTRIBUTE, f"/{BACKFILL}", detail, incoming.id)


def _placed(incoming: Incoming, kind: EventType, data: Any, publisher: Source) -> Admitted | Refusal:
    """Say where the event goes. Without `time` it was recorded when it was modified."""
    owner: str = getattr(data, kind.id_field)
    time: datetime = data.modified_at
    if incoming.time:
        try:
            time = parse_moment(incoming.time)
        except NotAMoment as error:
            return Refusal(RefusalKind.INVALID_ATTRIBUTE, "/time", str(error), incoming.id)
    event = CloudEvent(
        id=incoming.id,
        source=incoming.source,
        type=incoming.type,
        subject=incoming.subject or f"{kind.subject}/{owner}",
        time=time,
        data=incoming.data,
        extensions=incoming.extensions,
    )
    if kind.topic == topics.CHANGE_EVENTS:
        return Admitted(kind.topic, student_key(publisher, owner), event)
    return Admitted(kind.topic, roster_key(publisher, kind.subject.removesuffix("s"), owner), event)
