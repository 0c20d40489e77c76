"""Cutting a text to a number of JSON bytes without cutting a character that a reader sees as one."""

import unicodedata

from pydantic_core import to_json

ELLIPSIS = "…"
_ZERO_WIDTH_JOINER = "\u200d"
_OPENS_ISOLATE = frozenset("\u2066\u2067\u2068")
_CLOSES_ISOLATE = "\u2069"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
_JAMO = (range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xAC00, 0xD7FF))


def json_bytes(value: object) -> bytes:
    """Encode as compact JSON in UTF-8; lone surrogates, which UTF-8 cannot carry, become question marks."""
    try:
        return to_json(value)
    except ValueError:
        return to_json(_mended(value))


def _mended(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def boundaries(text: str) -> list[int]:
    """Return every index where the text may be cut, 0 and its length included, in order.

    Errs on the side of keeping together: marks, joiners, skin tones, flags, tag sequences and Hangul
    syllables are never parted (the idea of Unicode's annex 29, extended grapheme clusters).
    """
    cuts = [0]
    flags = 0
    for index in range(1, len(text)):
        before, after = text[index - 1], text[index]
        flags = flags + 1 if ord(before) in _REGIONAL else 0
        if not _joined(before, after, flags):
            cuts.append(index)
    if text:
        cuts.append(len(text))
    return cuts


def shortened(text: str, budget: int) -> str:
    """Return the longest prefix whose JSON form, with an ellipsis, takes at most `budget` bytes; "" if none.

    Bidirectional isolates left open by the cut are closed, so that what follows keeps its direction.
    """
    if _cost(text) <= budget:
        return text
    cuts = boundaries(text)
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _cost(_closed(text[: cuts[middle]])) <= budget:
            low = middle
        else:
            high = middle - 1
    return _closed(text[: cuts[low]]) if low else ""


def _closed(prefix: str) -> str:
    open_isolates = 0
    for character in prefix:
        if character in _OPENS_ISOLATE:
            open_isolates += 1
        elif character == _CLOSES_ISOLATE and open_isolates:
            open_isolates -= 1
    return prefix.rstrip() + ELLIPSIS + _CLOSES_ISOLATE * open_isolates


def _cost(text: str) -> int:
    return len(json_bytes(text)) - 2


def _joined(before: str, after: str, flags: int) -> bool:
    code = ord(after)
    if _ZERO_WIDTH_JOINER in (before, after) or (before == "\r" and after == "\n"):
        return True
    if unicodedata.category(after) in ("Mn", "Me", "Mc") or code in _SKIN_TONES or code in _TAGS:
        return True
    if code in _REGIONAL and flags % 2 == 1:
        return True
    return code < 0xD800 and any(code in block for block in _JAMO[:2]) and _is_jamo(before)


def _is_jamo(character: str) -> bool:
    return any(ord(character) in block for block in _JAMO)
