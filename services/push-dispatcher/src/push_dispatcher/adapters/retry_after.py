"""The Retry-After header: seconds or an HTTP date (RFC 9110 section 10.2.3)."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(minutes=55)
"""A provider cannot make us wait past the hour after which we give up."""


def read_retry_after(text: str | None, now: datetime) -> timedelta:
    """Return the span that the header asks for; zero when absent, unreadable or past. `now` is aware, real."""
    if not text:
        return timedelta(0)
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:9]), 86_400)), LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    if at.tzinfo is None:
        return timedelta(0)
    return min(max(at - now, timedelta(0)), LONGEST)
