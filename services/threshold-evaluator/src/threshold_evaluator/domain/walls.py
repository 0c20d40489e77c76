"""Wall times of a zone as instants, right over both clock changes (product.md section 4).

A wall time that is missing (clocks go forward) is the end of the gap; a doubled one is its first.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=20_000)
def at_wall(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the clocks of a zone show a wall time on a day."""
    local = datetime.combine(day, wall, tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    return _gap_end(local.replace(fold=1).astimezone(UTC), instant, zone)


def _gap_end(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the change of the offset between two instants, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def days_around(instant: datetime, zone: ZoneInfo, back: int, ahead: int) -> Iterator[date]:
    """Yield the local dates from `back` days before an instant to `ahead` days after it."""
    today = instant.astimezone(zone).date()
    for offset in range(-back, ahead + 1):
        yield today + timedelta(days=offset)


@lru_cache(maxsize=1_000)
def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the date that the clocks of a zone show."""
    return instant.astimezone(zone).date()
