"""The kinds of a cell and how each is checked (OneRoster 1.2 CSV binding, section 3.2, data types)."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from gradebook_events.domain.oneroster.faults import Reason

MAX_TEXT = 4_000
MAX_ID = 255

_GUID = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_YEAR = re.compile(r"[0-9]{4}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FLOAT = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Kind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    GUID = "guid"
    GUID_LIST = "guid list"
    TEXT_LIST = "list"
    DATE = "date"
    DATETIME = "datetime"
    YEAR = "year"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    ENUM = "enum"
    ENUM_LIST = "enum list"


class Verdict(StrEnum):
    """A cell that is as it should be."""

    RIGHT = "right"


RIGHT = Verdict.RIGHT

EXPECTED: dict[Reason, str] = {
    Reason.INVALID_GUID: "an id of 1 to 255 characters without spaces",
    Reason.INVALID_LIST: "a comma-separated list without empty elements",
    Reason.INVALID_BOOLEAN: "true or false",
    Reason.INVALID_DATE: "a date as YYYY-MM-DD",
    Reason.INVALID_DATETIME: "a time as 2025-01-02T03:04:05.006Z",
    Reason.INVALID_YEAR: "a year of four digits",
    Reason.INVALID_INTEGER: "a whole number",
    Reason.INVALID_FLOAT: "a decimal number such as 95.5",
    Reason.INVALID_CHARACTER: "text without control characters",
    Reason.VALUE_TOO_LONG: f"at most {MAX_TEXT} characters",
}
"""What would be right, by reason."""


def elements(text: str) -> tuple[str, ...]:
    """Split a list cell; blanks around elements do not count."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


def moment(text: str) -> datetime:
    """Read a checked `dateLastModified`; digits beyond microseconds are cut."""
    trimmed = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)
    return datetime.fromisoformat(trimmed)


def number(text: str) -> Decimal:
    """Read a checked float, exactly as written."""
    return Decimal(text)


def _is_guid(text: str) -> Reason | Verdict:
    return RIGHT if _GUID.fullmatch(text) else Reason.INVALID_GUID


def _is_guid_list(text: str) -> Reason | Verdict:
    parts = elements(text)
    if not all(parts):
        return Reason.INVALID_LIST
    return RIGHT if all(_GUID.fullmatch(part) for part in parts) else Reason.INVALID_GUID


def _is_list(text: str) -> Reason | Verdict:
    return RIGHT if all(elements(text)) else Reason.INVALID_LIST


def _is_date(text: str) -> Reason | Verdict:
    if not _DATE.fullmatch(text):
        return Reason.INVALID_DATE
    try:
        date.fromisoformat(text)
    except ValueError:
        return Reason.INVALID_DATE
    return RIGHT


def _is_datetime(text: str) -> Reason | Verdict:
    if not _DATETIME.fullmatch(text):
        return Reason.INVALID_DATETIME
    try:
        moment(text).utctimetuple()
    except (ValueError, OverflowError):
        return Reason.INVALID_DATETIME
    return RIGHT


def _is_year(text: str) -> Reason | Verdict:
    return RIGHT if _YEAR.fullmatch(text) else Reason.INVALID_YEAR


def _is_integer(text: str) -> Reason | Verdict:
    return RIGHT if _INTEGER.fullmatch(text) else Reason.INVALID_INTEGER


def _is_float(text: str) -> Reason | Verdict:
    if not _FLOAT.fullmatch(text):
        return Reason.INVALID_FLOAT
    try:
        return RIGHT if Decimal(text).is_finite() else Reason.INVALID_FLOAT
    except InvalidOperation:
        return Reason.INVALID_FLOAT


def _is_boolean(text: str) -> Reason | Verdict:
    return RIGHT if text in ("true", "false") else Reason.INVALID_BOOLEAN


def _is_text(_: str) -> Reason | Verdict:
    return RIGHT


_CHECKS: dict[Kind, Callable[[str], Reason | Verdict]] = {
    Kind.TEXT: _is_text,
    Kind.GUID: _is_guid,
    Kind.GUID_LIST: _is_guid_list,
    Kind.TEXT_LIST: _is_list,
    Kind.DATE: _is_date,
    Kind.DATETIME: _is_datetime,
    Kind.YEAR: _is_year,
    Kind.INTEGER: _is_integer,
    Kind.FLOAT: _is_float,
    Kind.BOOLEAN: _is_boolean,
    Kind.ENUM: _is_text,
    Kind.ENUM_LIST: _is_list,
}


def check(kind: Kind, text: str) -> Reason | Verdict:
    """Say whether a cell that is not blank is of its kind; enum members are the column's to check."""
    if len(text) > MAX_TEXT:
        return Reason.VALUE_TOO_LONG
    if not text.isprintable() and _CONTROL.search(text):
        return Reason.INVALID_CHARACTER
    return _CHECKS[kind](text)
