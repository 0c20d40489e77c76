"""CSV as OneRoster writes it (RFC 4180, UTF-8), read strictly, one bad record at a time.

The standard library's reader takes a quote inside an unquoted field as text, which OneRoster forbids, and
cannot go on after a bad record; here a bad record is a value and the next line is read as usual.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradebook_events.domain.oneroster.faults import Reason

MAX_RECORD = 65_536
"""Bytes of one record, line ends within quotes included."""

MAX_LINES = 200
"""Lines of one record: each is looked at again with every further one, so their number bounds the work."""

_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(,|$)')
_PLAIN = re.compile(r'([^",]*)(,|$)')
_CLOSED = re.compile(r'"(?:[^"]|"")*+"')


@dataclass(frozen=True, slots=True)
class Cells:
    """One record: `line` is the line it begins on, counted from 1."""

    line: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is not CSV, and why."""

    line: int
    reason: Reason


def _split(text: str, line: int) -> Cells | BadRecord:
    """Split one record that contains quotes."""
    values: list[str] = []
    at = 0
    while True:
        quoted = text.startswith('"', at)
        found = (_QUOTED if quoted else _PLAIN).match(text, at)
        if found is None:
            return BadRecord(line, Reason.UNESCAPED_QUOTE)
        value, separator = found.groups()
        values.append(value.replace('""', '"') if quoted else value)
        at = found.end()
        if not separator:
            return Cells(line, tuple(values))


def _open_quote(text: str) -> bool:
    """Say whether a quoted field is still open at the end of the text."""
    at = 0
    while at < len(text):
        if not text.startswith('"', at):
            found = _PLAIN.match(text, at)
            if found is None:
                return False
            at = found.end()
            continue
        closed = _CLOSED.match(text, at)
        if closed is None:
            return True
        if not text.startswith(",", closed.end()):
            return False
        at = closed.end() + 1
    return False


def _decoded(raw: bytes, line: int) -> str | BadRecord:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return BadRecord(line, Reason.INVALID_UTF8)


def records(lines: Iterable[bytes]) -> Iterator[Cells | BadRecord]:
    """Read physical lines (with or without their ends) into records; blank lines are skipped.

    A quoted field may go over lines. One that is never closed, or a record longer than `MAX_RECORD` bytes or
    `MAX_LINES` lines, is one bad record; reading goes on with the line after the one that made it so.
    """
    pending, began = b"", 0
    for number, physical in enumerate(lines, start=1):
        raw = physical.removeprefix(_BOM) if number == 1 else physical
        if not pending:
            began = number
        pending += raw
        if len(pending) > MAX_RECORD or number - began >= MAX_LINES:
            yield BadRecord(began, Reason.RECORD_TOO_LONG)
            pending = b""
            continue
        text = _decoded(pending.rstrip(b"\r\n"), began)
        if isinstance(text, BadRecord):
            yield text
        elif '"' not in text:
            if text:
                yield Cells(began, tuple(text.split(",")))
        elif _open_quote(text):
            continue
        else:
            yield _split(text, began)
        pending = b""
    if pending:
        yield BadRecord(began, Reason.UNTERMINATED_QUOTE)
