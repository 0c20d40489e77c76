"""Binary mode: attributes in `ce-` headers, data in the body (CloudEvents HTTP binding 1.0.2, 3.1)."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

import msgspec

from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.wire.attributes import incoming, refused
from gradebook_events.wire.json_format import checked

_PREFIX = "ce-"
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNTYPED = "application/octet-stream"
"""What HTTP clients say of bytes when nobody said anything: an event without `datacontenttype`."""


def decoded(value: str) -> str:
    """Undo the percent-encoding of a header value (section 3.1.3.2). Raises ValueError when it is not valid.

    Quotes around a value are taken off, as the binding asks of receivers.
    """
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if "%" not in value:
        if value.isascii():
            return value
        return value.encode("utf-8", "surrogateescape").decode("utf-8")
    if _PERCENT.search(value):
        raise ValueError("a percent sign stands before two hexadecimal digits")
    return unquote_to_bytes(value.encode("utf-8", "surrogateescape")).decode("utf-8")


def binary(headers: Iterable[tuple[str, str]], content_type: str, body: bytes) -> Incoming | Refusal:
    """Read one event. `content_type` is empty when the request has none."""
    attributes: dict[str, str] = {}
    for raw_name, raw in headers:
        name = raw_name.lower()
        if not name.startswith(_PREFIX):
            continue
        name = name[3:]
        if name in attributes:
            return refused(name, f"the header ce-{name[:64]} is there twice")
        try:
            attributes[name] = decoded(raw.strip())
        except ValueError:
            return refused(name[:64], f"the header ce-{name[:64]} is not percent-encoded UTF-8")
    attributes.pop("datacontenttype", None)
    if content_type and content_type != _UNTYPED:
        attributes["datacontenttype"] = content_type
    event = incoming(attributes, body)
    if isinstance(event, Refusal):
        return event
    try:
        checked(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        detail = "the body must be a JSON object in UTF-8"
        return Refusal(RefusalKind.INVALID_DATA, "/data", detail, event.id)
    return event
