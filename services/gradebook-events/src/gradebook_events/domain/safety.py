"""What would not survive the way as it was sent: too large, too deep, with U+0000, numbers a reader would round.

Nearly all data has nothing of it, and `plain` says so without reading it; `findings` reads and names the place.
"""

import json
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from gradebook_events.domain.refusals import Finding, pointer

MAX_DATA = 256 * 1024
"""Bytes of one event's data."""
MAX_DEPTH = 64
"""Objects and lists within each other."""

_NUL = b"\\u0000"
_ONLY_NUMBERS = bytes(0x30 if byte in b"0123456789." else 0x20 for byte in range(256))
_LONG = b"0" * 16
_DIGITS = 15
"""Significant digits that a binary double always carries."""


class _Literal(str):
    """A JSON number as it was written."""

    __slots__ = ()


def plain(data: bytes) -> bool:
    """Say whether a cheap look finds nothing that `findings` would have to look for."""
    return (
        len(data) <= MAX_DATA
        and not (b"\\" in data and _NUL in data)
        and not ((b"[" in data or data.find(b"{", 1) > 0) and _openings(data) > MAX_DEPTH)
        and _LONG not in data.translate(_ONLY_NUMBERS)
    )


def _openings(data: bytes) -> int:
    return data.count(b"{") + data.count(b"[")


def too_large(data: bytes) -> bool:
    """Say whether the data has more bytes than an event may have."""
    return len(data) > MAX_DATA


def too_deep(data: bytes) -> bool:
    """Say whether objects and lists are nested more deeply than any event of ours."""
    return _openings(data) > MAX_DEPTH and depth(data) > MAX_DEPTH


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


def findings(data: bytes, fields: Collection[str]) -> Iterator[Finding]:
    """Find U+0000 in any text, which no column holds, and numbers of `fields` that a double would change.

    Readers take numbers through a binary double, so one with more digits than it carries would be compared and
    shown as another (product.md section 2). Text that is no JSON has no findings here: validation refuses it.
    """
    try:
        # An integer is read exactly, however long; its value is of no matter here.
        value = json.loads(data, parse_float=_Literal, parse_int=len, parse_constant=_Literal)
    except (ValueError, RecursionError):
        return
    nul = "the character U+0000 is not allowed in a text"
    found = False
    for place, text in _texts((), value):
        if isinstance(text, _Literal):
            if place and place[0] in fields and not exact(text):
                detail = (
                    f"a number must not have more than {_DIGITS} significant digits, or be sent as a text"
                )
                yield Finding(pointer("data", *place), detail)
        elif "\x00" in text:
            found = True
            yield Finding(pointer("data", *place), nul)
    if not found and _NUL in data.replace(b"\\\\", b""):
        # In a member that stands there twice: reading took the last one.
        yield Finding("/data", nul)


def _texts(place: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Walk the texts and numbers of a value; the name of a member is found at the object that has it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield place, name
            yield from _texts((*place, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*place, index), inner)


def exact(literal: str) -> bool:
    """Say whether a JSON number with a point or an exponent comes out of a binary double as it went in."""
    try:
        return Decimal(literal) == Decimal(repr(float(literal)))
    except (InvalidOperation, OverflowError):
        return False
