"""Structured and batch mode: the JSON event format 1.0.2. `data` stays the bytes that were sent.

msgspec reads strictly (no NaN, no comments, no lone surrogates) and can leave a member as it was written,
which orjson and pydantic cannot; each item of a batch is read by itself, so that a bad one spoils no other.
"""

import base64
import binascii
from typing import Final

import msgspec

from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.wire.attributes import incoming, refused

Raw = msgspec.Raw


_LEFT_OUT: Final = "\x00"
"""Stands for a member that is not there; an empty one is not the same, and is refused."""


class _Usual(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members of nearly every event; one with others, or other types, is read the long way."""

    specversion: str
    id: str
    source: str
    type: str
    data: Raw
    subject: str = _LEFT_OUT
    time: str = _LEFT_OUT
    datacontenttype: str = _LEFT_OUT


_usual: Final = msgspec.json.Decoder(_Usual)
_members: Final = msgspec.json.Decoder(dict[str, Raw])
_items: Final = msgspec.json.Decoder(list[Raw])
_scalar: Final = msgspec.json.Decoder(str | bool | int | None)
_JSON: Final = (_LEFT_OUT, "application/json")
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _not_an_event(detail: str) -> Refusal:
    return Refusal(RefusalKind.NOT_AN_EVENT, "", detail)


def split(body: bytes) -> list[bytes] | Refusal:
    """Return the items of a batch, each the bytes of one JSON value, or why the body is no JSON array."""
    try:
        # Members that are left as written are not looked into, so the whole text is checked once, here.
        body.decode("utf-8")
        return [bytes(item) for item in _items.decode(body)]
    except _BROKEN as error:
        return _not_an_event(f"a batch is a JSON array in UTF-8: {_short(error)}")


def structured(body: bytes) -> Incoming | Refusal:
    """Read one event in the JSON format."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_an_event(f"an event is a JSON object in UTF-8: {_short(error)}")
    return read_item(body)


def read_item(text: bytes) -> Incoming | Refusal:
    """Read one event whose text is known to be UTF-8."""
    try:
        event = _usual.decode(text)
    except _BROKEN:
        return _long_way(text)
    subject = "" if event.subject is _LEFT_OUT else event.subject
    time = "" if event.time is _LEFT_OUT else event.time
    if not _plain(event, subject, time):
        return _long_way(text)
    return Incoming(event.id, event.source, event.type, subject, time, bytes(event.data), {})


def _plain(event: _Usual, subject: str, time: str) -> bool:
    """Say whether nothing about the attributes needs a second look."""
    return (
        event.specversion == "1.0"
        and event.datacontenttype in _JSON
        and event.subject != ""
        and event.time != ""
        and 0 < len(event.id) <= 255
        and 0 < len(event.source) <= 255
        and 0 < len(event.type) <= 255
        and len(subject) <= 512
        and (event.id + event.source + event.type + subject + time).isprintable()
    )


def _long_way(text: bytes) -> Incoming | Refusal:
    try:
        members = _members.decode(text)
    except _BROKEN as error:
        return _not_an_event(f"an event is a JSON object in UTF-8: {_short(error)}")
    data = _data(members)
    attributes: dict[str, str] = {}
    for name, raw in members.items():
        try:
            value = _scalar.decode(raw)
        except _BROKEN:
            return refused(
                name[:64], f"'{name[:64]}' must be a string, a boolean or an integer", _id(members)
            )
        if isinstance(value, bool):
            attributes[name] = "true" if value else "false"
        elif value is not None:
            attributes[name] = str(value)
    for name in ("id", "source", "type", "specversion", "subject", "time", "datacontenttype"):
        if name in attributes and not bytes(members[name]).startswith(b'"'):
            return refused(name, f"'{name}' must be a string", _id(members))
    return data if isinstance(data, Refusal) else incoming(attributes, data)


def _data(members: dict[str, Raw]) -> bytes | Refusal:
    """Take `data` or `data_base64` out of the members; JSON null is no data."""
    data = bytes(members.pop("data", Raw(b"null")))
    encoded = bytes(members.pop("data_base64", Raw(b"null")))
    if encoded == b"null":
        return b"" if data == b"null" else data
    if data != b"null":
        detail = "an event has 'data' or 'data_base64', not both"
        return Refusal(RefusalKind.INVALID_DATA, "/data_base64", detail, _id(members))
    try:
        text = msgspec.json.decode(encoded, type=str)
        return checked(base64.b64decode(text, validate=True))
    except (*_BROKEN, binascii.Error, ValueError):
        detail = "'data_base64' must be JSON in UTF-8, encoded as Base64"
        return Refusal(RefusalKind.INVALID_DATA, "/data_base64", detail, _id(members))


def checked(data: bytes) -> bytes:
    """Return a JSON object in UTF-8 as it is. Raises `msgspec.DecodeError` or `UnicodeDecodeError`."""
    data.decode("utf-8")
    _members.decode(data)
    return data


def _id(members: dict[str, Raw]) -> str:
    try:
        return msgspec.json.decode(members.get("id", Raw(b'""')), type=str)[:255]
    except _BROKEN:
        return ""


def _short(error: Exception) -> str:
    """Return where reading failed, never what was read."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
