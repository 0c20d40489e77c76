"""RFC 3339 times, as CloudEvents demands of `time`, within the years that every store can hold."""

import re
from datetime import datetime, timedelta

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

AHEAD = timedelta(minutes=5)
"""How far ahead of our clock a change may say it was made (product.md section 2)."""


class NotAMoment(ValueError):
    """A time is written as RFC 3339 with its offset, such as 2026-01-31T08:30:00-06:00, from 1900 on."""


def parse_moment(text: str) -> datetime:
    """Read RFC 3339 text; digits beyond microseconds are cut. Raises `NotAMoment`."""
    if not _RFC3339.fullmatch(text):
        raise NotAMoment(NotAMoment.__doc__)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise NotAMoment(NotAMoment.__doc__) from None
    if not within(moment):
        raise NotAMoment(NotAMoment.__doc__)
    return moment


def checked_moment(text: str) -> str:
    """Return RFC 3339 text, its letters in capitals as every reader knows them. Raises `NotAMoment`."""
    parse_moment(text)
    return text.upper()


def within(moment: datetime) -> bool:
    """Say whether an aware time can be stored and compared everywhere."""
    return 1900 <= moment.year <= 9998
