"""The door: whether one event may come in, and under which topic and key (product.md section 2)."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from bellwire_schemas import topics
from bellwire_schemas.catalogue import INCOMING, EventType
from bellwire_schemas.envelope import BACKFILL
from bellwire_schemas.keys import encoded, roster_key, student_key
from bellwire_schemas.source import InvalidSource, parse_source
from pydantic import ValidationError

from gradebook_events.domain import safety
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.moments import AHEAD, NotAMoment, checked_moment, within
from gradebook_events.domain.publishers import Publisher
from gradebook_events.domain.refusals import Finding, Refusal, RefusalKind, pointer

_MAX_FINDINGS = 20
_TYPES = ", ".join(sorted(INCOMING))


@dataclass(frozen=True, slots=True)
class _Kind:
    """One event type, with all that is asked of it per event at hand."""

    validate: Callable[..., Any]
    owner: Callable[[Any], str]
    id_field: str
    subject: str
    topic: str
    roster_kind: str
    fields: Collection[str]


def _kind(entry: EventType) -> _Kind:
    return _Kind(
        entry.model.__pydantic_validator__.validate_json,
        attrgetter(entry.id_field),
        entry.id_field,
        f"{entry.subject}/",
        entry.topic,
        "" if entry.topic == topics.CHANGE_EVENTS else entry.subject.removesuffix("s"),
        frozenset(entry.model.model_fields),
    )


_UNKNOWN = _Kind(dict, str, "", "", "", "", ())
_KINDS = {name: _kind(entry) for name, entry in INCOMING.items()}


@dataclass(slots=True)
class Admitted:
    """An event that may be appended, with where to. `time` is RFC 3339, as it was said.

    Not frozen, for speed; nobody changes one.
    """

    topic: str
    key: bytes
    subject: str
    time: str
    event: Incoming


def admit(incoming: Incoming, publisher: Publisher, now: datetime) -> Admitted | Refusal:
    """Judge one event of a publisher; `now` is product time.

    The data of an admitted event is the bytes that came, unknown fields and all.
    """
    kind = _KINDS.get(incoming.type, _UNKNOWN)
    data = _read(incoming, kind, publisher)
    if isinstance(data, Refusal):
        return data
    owner = kind.owner(data)
    subject = kind.subject + owner
    modified: datetime = data.modified_at
    if (
        data.district_id != publisher.source.district_id
        or not within(modified)
        or modified > now + AHEAD
        or (incoming.subject != subject and incoming.subject)
        or incoming.extensions
    ):
        for refusal in _disagreements(incoming, kind, data, publisher, now):
            return refusal
    try:
        # Without `time` it was recorded when it was modified.
        time = checked_moment(incoming.time) if incoming.time else modified.isoformat()
    except NotAMoment as error:
        return Refusal(RefusalKind.INVALID_ATTRIBUTE, "/time", str(error), incoming.id)
    source = publisher.source
    key = roster_key(source, kind.roster_kind, owner) if kind.roster_kind else student_key(source, owner)
    return Admitted(kind.topic, key, incoming.subject or subject, time, incoming)


def _read(incoming: Incoming, kind: _Kind, publisher: Publisher) -> Any | Refusal:
    """Return the data as the model of its type."""
    if incoming.source != publisher.source_text:
        for refusal in _foreign(incoming, publisher):
            return refusal
    if kind is _UNKNOWN:
        detail = f"'type' must be one of {_TYPES}"
        return Refusal(RefusalKind.UNKNOWN_TYPE, "/type", detail, incoming.id)
    raw = incoming.data
    if not safety.plain(raw):
        for refusal in _unsafe(incoming, kind):
            return refusal
    try:
        # Strict: "yes" is no boolean and 1735689600 no time, as the published JSON Schema says too.
        return kind.validate(raw, strict=True)
    except ValidationError as error:
        return _invalid(error, incoming.id)


def _foreign(incoming: Incoming, publisher: Publisher) -> Iterator[Refusal]:
    try:
        source = parse_source(incoming.source)
    except InvalidSource as error:
        yield Refusal(RefusalKind.INVALID_ATTRIBUTE, "/source", str(error), incoming.id)
        return
    if source != publisher.source:
        detail = f"'source' must be {publisher.source_text} for this key"
        yield Refusal(RefusalKind.FOREIGN_SOURCE, "/source", detail, incoming.id)


def _unsafe(incoming: Incoming, kind: _Kind) -> Iterator[Refusal]:
    """Refuse what would not survive on the way as it was sent."""
    if safety.too_large(incoming.data):
        detail = f"'data' must be at most {safety.MAX_DATA} bytes"
        yield Refusal(RefusalKind.TOO_LARGE, "/data", detail, incoming.id)
    elif safety.too_deep(incoming.data):
        detail = f"'data' must be nested at most {safety.MAX_DEPTH} deep"
        yield Refusal(RefusalKind.TOO_DEEP, "/data", detail, incoming.id)
    elif found := tuple(safety.findings(incoming.data, kind.fields)):
        yield _refused(found, incoming.id)


def _refused(found: tuple[Finding, ...], event_id: str) -> Refusal:
    first = found[0]
    return Refusal(RefusalKind.INVALID_DATA, first.pointer, first.detail, event_id, found[:_MAX_FINDINGS])


def _invalid(error: ValidationError, event_id: str) -> Refusal:
    faults = error.errors(include_input=False, include_url=False, include_context=False)[:_MAX_FINDINGS]
    return _refused(
        tuple(Finding(pointer("data", *fault["loc"]), fault["msg"]) for fault in faults), event_id
    )


def _disagreements(
    incoming: Incoming, kind: _Kind, data: Any, publisher: Publisher, now: datetime
) -> Iterator[Refusal]:
    district_id = publisher.source.district_id
    if data.district_id != district_id:
        detail = f"'district_id' must be {district_id} for this key"
        yield Refusal(RefusalKind.FOREIGN_SOURCE, "/data/district_id", detail, incoming.id)
    if not within(data.modified_at):
        detail = "'modified_at' must be a time from the year 1900 on"
        yield Refusal(RefusalKind.INVALID_DATA, "/data/modified_at", detail, incoming.id)
    elif data.modified_at > now + AHEAD:
        detail = "'modified_at' must not be more than 5 minutes ahead of our clock"
        yield Refusal(RefusalKind.MODIFIED_IN_FUTURE, "/data/modified_at", detail, incoming.id)
    owner = kind.owner(data)
    if incoming.subject not in ("", kind.subject + owner, kind.subject + encoded(owner)):
        detail = f"'subject' must be {kind.subject} and the {kind.id_field} of the data"
        yield Refusal(RefusalKind.SUBJECT_DISAGREES, "/subject", detail, incoming.id)
    if incoming.extensions.get(BACKFILL, "true") not in ("true", "false"):
        detail = f"'{BACKFILL}' must be true or false"
        yield Refusal(RefusalKind.INVALID_ATTRIBUTE, f"/{BACKFILL}", detail, incoming.id)
