"""Times as people read them: the absolute one with its zone, and the relative one beside it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def absolute(at: datetime, zone: ZoneInfo) -> str:
    """`at` (aware) in a zone: "Thu 26 Nov 2026, 00:30 CST"."""
    there = at.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} {there.tzname()}"


def day(at: datetime, zone: ZoneInfo) -> str:
    """The local day: "Thu 26 Nov 2026"."""
    there = at.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b %Y}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The local time of day with its zone: "00:30 CST"."""
    there = at.astimezone(zone)
    return f"{there:%H:%M} {there.tzname()}"


def span(seconds: float) -> str:
    """A length of time in its largest fitting unit: "25 min", "3 h", "12 days", "5 months"."""
    size = abs(seconds)
    if size < _MINUTE:
        return "under 1 min"
    if size < _HOUR:
        return f"{int(size // _MINUTE)} min"
    if size < 2 * _DAY:
        return f"{int(size // _HOUR)} h"
    days = int(size // _DAY)
    if days < 60:
        return f"{days} days"
    return f"{days // 30} months" if days < 730 else f"{days // 365} years"


def relative(at: datetime, now: datetime) -> str:
    """From `now` (both aware): "in 4 days", "3 h ago", "now"."""
    distance = at - now
    if abs(distance) < timedelta(seconds=_MINUTE):
        return "now"
    words = span(distance.total_seconds())
    return f"in {words}" if distance > timedelta() else f"{words} ago"
