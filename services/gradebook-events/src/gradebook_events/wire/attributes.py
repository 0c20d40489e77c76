"""What every mode demands of context attributes (CloudEvents 1.0.2, section 3)."""

import re
from collections.abc import Iterator, Mapping

from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.refusals import Refusal, RefusalKind

MAX_ID = 255
MAX_VALUE = 2_048
MAX_ATTRIBUTES = 40

_NAME = re.compile(r"[a-z0-9]{1,64}")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Control characters, surrogates and noncharacters of the first plane, which a String must not contain."""
_CORE = ("id", "source", "type", "subject", "time")
_REQUIRED = ("id", "source", "type")
_OWN = ("specversion", "datacontenttype", *_CORE)
_JSON_TYPE = re.compile(r"(application|text)/([a-z0-9.!#$&^_-]+\+)?json", re.IGNORECASE)


def is_json_type(content_type: str) -> bool:
    """Say whether a media type, parameters aside, is JSON."""
    return bool(_JSON_TYPE.fullmatch(content_type.partition(";")[0].strip()))


def refused(name: str, detail: str, event_id: str = "") -> Refusal:
    """Return the refusal of one attribute."""
    return Refusal(RefusalKind.INVALID_ATTRIBUTE, f"/{name}", detail, event_id)


def _faults(attributes: Mapping[str, str]) -> Iterator[Refusal]:
    event_id = attributes.get("id", "")[:MAX_ID]
    if attributes.get("specversion") != "1.0":
        yield refused("specversion", "'specversion' must be 1.0", event_id)
    for name in _REQUIRED:
        if not attributes.get(name):
            yield refused(name, f"'{name}' is required and must not be empty", event_id)
    if len(attributes.get("id", "")) > MAX_ID:
        yield refused("id", f"'id' must be at most {MAX_ID} characters")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            yield refused(name[:64], "an attribute's name has only a-z and 0-9", event_id)
        if not value:
            yield refused(name, f"'{name}' must not be empty", event_id)
        if len(value) > MAX_VALUE:
            yield refused(name, f"'{name}' must be at most {MAX_VALUE} characters", event_id)
        if not value.isprintable() and _FORBIDDEN.search(value):
            yield refused(name, f"'{name}' must not contain control characters", event_id)
    if not is_json_type(attributes.get("datacontenttype", "application/json")):
        yield refused("datacontenttype", "'datacontenttype' must be application/json", event_id)
    if len(attributes) > MAX_ATTRIBUTES:
        yield Refusal(
            RefusalKind.INVALID_ATTRIBUTE, "", f"an event has at most {MAX_ATTRIBUTES} attributes", event_id
        )


def incoming(attributes: Mapping[str, str], data: bytes) -> Incoming | Refusal:
    """Check the attributes of an event, all as text, and return it.

    `datacontenttype` may be left out, or must be JSON: no event of ours carries anything else.
    """
    for refusal in _faults(attributes):
        return refusal
    if not data:
        return Refusal(RefusalKind.INVALID_DATA, "/data", "'data' is required", attributes["id"])
    return Incoming(
        attributes["id"],
        attributes["source"],
        attributes["type"],
        attributes.get("subject", ""),
        attributes.get("time", ""),
        data,
        {name: value for name, value in attributes.items() if name not in _OWN},
    )
