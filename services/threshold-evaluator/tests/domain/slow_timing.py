"""The due time by watching clocks: a walk through the minutes of a zone, nothing computed. Slow and obvious."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Weekday
from threshold_evaluator.domain.due import NEVER
from threshold_evaluator.domain.effective import Delivery, Effective
from threshold_evaluator.domain.timing import Pushes, Session, Wait

MINUTE = timedelta(minutes=1)
DAYS = 3
"""How far ahead is looked."""

A_WEEK = 10
"""How far for a weekly digest."""

Interval = tuple[datetime, datetime]


@lru_cache(maxsize=2_000)
def _walls(zone: ZoneInfo, day: date) -> list[tuple[datetime, datetime]]:
    """Return each minute of a UTC day with what the clocks of the zone show then."""
    midnight = datetime.combine(day, time(0), UTC)
    minutes = [midnight + MINUTE * number for number in range(1_440)]
    return [(minute, minute.astimezone(zone).replace(tzinfo=None)) for minute in minutes]


def rings(wall: time, zone: ZoneInfo, around: datetime, days: int = DAYS) -> dict[date, datetime]:
    """Return when an alarm set to a time of day rings, by date: the first minute that shows it or a later time.

    So a time that is skipped rings when the clocks jump over it, and one that is shown twice rings once.
    """
    found: dict[date, datetime] = {}
    first: date = (around - timedelta(days=4)).date()
    for number in range(days + 6):
        for minute, shown in _walls(zone, first + timedelta(days=number)):
            for day in (shown.date() - timedelta(days=1), shown.date()):
                if day not in found and shown >= datetime.combine(day, wall):
                    found[day] = minute
    # The walk began in the middle of these.
    return {day: minute for day, minute in found.items() if day > first + timedelta(days=1)}


def holds(settings: Effective, session: Session, around: datetime, days: int = DAYS) -> list[Interval]:
    """Return all quiet hours and lessons from two days before to `days` ahead, empty ones included."""
    zone, found = settings.timezone, []
    quiet = settings.quiet_hours
    if quiet.start != quiet.end:
        begins, ends = rings(quiet.start, zone, around, days), rings(quiet.end, zone, around, days)
        for day, begin in begins.items():
            last = day if quiet.start < quiet.end else day + timedelta(days=1)
            if last in ends:
                found.append((begin, ends[last]))
    bells = session.bells
    begins = rings(bells.starts, session.zone, around, days)
    ends = rings(bells.ends, session.zone, around, days)
    found += [(begins[day], ends[day]) for day in begins if day in ends and day.isoweekday() in bells.days]
    return found


def free_from(at: datetime, held: list[Interval]) -> Iterator[datetime]:
    """Yield the instant itself and every whole minute after it in which nothing holds."""
    next_minute = at.replace(second=0, microsecond=0) + MINUTE
    for each in (at, *(next_minute + MINUTE * number for number in range(2 * 1_440))):
        if not any(begin <= each < end for begin, end in held):
            yield each


def slow_digest(after: datetime, settings: Effective, weekday: int = 0) -> datetime:
    """Return the first ring of the digest at or after an instant, on an ISO weekday or (0) any."""
    found = rings(settings.digest.at, settings.timezone, after, A_WEEK if weekday else DAYS)
    return min(
        minute for day, minute in found.items() if minute >= after and weekday in (0, day.isoweekday())
    )


def slow_due_time(wait: Wait, settings: Effective, pushes: Pushes, now: datetime) -> datetime | None:
    """Return when an alert goes by the five steps of product.md section 4; None: not within two days of those."""
    at = max(wait.grace_until, now)
    weekly = list(Weekday).index(settings.digest.weekday) + 1
    if wait.delivery is Delivery.DAILY:
        at = max(now, slow_digest(wait.grace_until, settings))
    elif wait.delivery is Delivery.WEEKLY:
        at = max(now, slow_digest(wait.grace_until, settings, weekly))
    else:
        window = pushes.window_opened + MINUTE * settings.coalesce_minutes
        if pushes.window_opened != NEVER and pushes.window_opened <= at < window:
            at = window
        pushed = pushes.count if pushes.day == at.astimezone(settings.timezone).date() else 0
        if pushed >= settings.daily_cap and not wait.mandatory:
            at = slow_digest(at, settings)
    return next(free_from(at, holds(settings, wait.session, at, days=4)), None)


def slow_send_before(now: datetime, ttl: timedelta, settings: Effective, session: Session) -> datetime:
    """Return the first ring of quiet hours or a school bell after an instant, or the end of the time to live."""
    starts = [now + ttl]
    if settings.quiet_hours.start != settings.quiet_hours.end:
        starts += rings(settings.quiet_hours.start, settings.timezone, now).values()
    begins = rings(session.bells.starts, session.zone, now)
    starts += [begin for day, begin in begins.items() if day.isoweekday() in session.bells.days]
    return min(start for start in starts if start > now)
