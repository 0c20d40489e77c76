"""When an alert may go: grace, digests, coalescing, cap, bells, quiet hours in one function (section 4)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Weekday
from msgspec import Struct

from threshold_evaluator.domain.due import NEVER, Hold
from threshold_evaluator.domain.effective import Delivery, DigestTime, Effective, QuietHours
from threshold_evaluator.domain.roster import Bells
from threshold_evaluator.domain.walls import at_wall, days_around, local_day

MOST_HOLDS = 30
"""Bells and quiet hours that leave no time between them end here, about a fortnight on, instead of never."""

_TTL = {Group.ATTENDANCE: timedelta(hours=12)}
_OTHER_TTL = timedelta(hours=48)
_WEEKDAY = {day: number for number, day in enumerate(Weekday, start=1)}


@dataclass(frozen=True, slots=True)
class Session:
    """The bells that hold this alert and their zone; without days, none does."""

    bells: Bells
    zone: ZoneInfo


class Pushes(Struct, frozen=True, gc=False):
    """What was pushed to a user: the window that the last push of the student and group opened, or `NEVER`;
    pushes on `day` of the user's zone, digests not counted.
    """

    window_opened: datetime = NEVER
    day: date = date.min
    count: int = 0


NO_PUSHES = Pushes()


@dataclass(frozen=True, slots=True)
class Wait:
    """What the time of one alert depends on besides settings: see `DueAlert`."""

    grace_until: datetime
    delivery: Delivery
    session: Session
    capped_at: datetime = NEVER
    mandatory: bool = False


class Due(Struct, frozen=True, gc=False):
    """When an alert may go, and the hold that ends then (`NONE`: now). `digest` does not count to the cap."""

    at: datetime
    hold: Hold
    digest: bool
    capped_at: datetime = NEVER


def due_time(wait: Wait, settings: Effective, pushes: Pushes, now: datetime) -> Due:
    """Return the due time. `now` for an alert that nothing holds; never before `grace_until`.

    A digest is the first at or after the end of grace, whenever this is asked: late is not skipped.
    """
    at = max(wait.grace_until, now)
    hold = Hold.GRACE if wait.grace_until > now else Hold.NONE
    digest, capped_at = False, NEVER
    if wait.delivery in (Delivery.DAILY, Delivery.WEEKLY):
        at, hold, digest = _digest(wait.grace_until, settings, wait.delivery), Hold.DIGEST, True
    elif _stays_capped(wait, settings, pushes):
        capped_at = wait.capped_at
        at, hold, digest = _digest(capped_at, settings, Delivery.DAILY), Hold.CAP, True
    else:
        window_ends = pushes.window_opened + timedelta(minutes=settings.coalesce_minutes)
        if pushes.window_opened <= at < window_ends:
            at, hold = window_ends, Hold.COALESCE
        pushed = pushes.count if pushes.day == local_day(at, settings.timezone) else 0
        if pushed >= settings.daily_cap and not wait.mandatory:
            capped_at = at
            at, hold, digest = _digest(at, settings, Delivery.DAILY), Hold.CAP, True
    at = max(at, now)
    at, last = _past_holds(at, settings, wait.session)
    return Due(at, hold if last is Hold.NONE else last, digest, capped_at)


def _stays_capped(wait: Wait, settings: Effective, pushes: Pushes) -> bool:
    """Whether what the cap put into the next digest is still of it: not once that day has room again."""
    if wait.capped_at == NEVER or wait.mandatory:
        return False
    room = pushes.count < settings.daily_cap
    return not (room and pushes.day == local_day(wait.capped_at, settings.timezone))


def _digest(after: datetime, settings: Effective, delivery: Delivery) -> datetime:
    if delivery is Delivery.WEEKLY:
        return next_digest(after, settings.digest, settings.timezone, _WEEKDAY[settings.digest.weekday])
    return next_digest(after, settings.digest, settings.timezone, 0)


def next_digest(after: datetime, digest: DigestTime, zone: ZoneInfo, weekday: int) -> datetime:
    """Return the first digest time at or after an instant; on ISO `weekday`, or any day when it is 0."""
    for day in days_around(after, zone, back=1, ahead=9):
        if weekday in (0, day.isoweekday()):
            instant = at_wall(day, digest.at, zone)
            if instant >= after:
                return instant
    raise ValueError("a week has each weekday")


def _past_holds(at: datetime, settings: Effective, session: Session) -> tuple[datetime, Hold]:
    last = Hold.NONE
    for _ in range(MOST_HOLDS):
        if (end := session_end(at, session)) > at:
            at, last = end, Hold.BELL
        elif (end := quiet_end(at, settings.quiet_hours, settings.timezone)) > at:
            at, last = end, Hold.QUIET
        else:
            break
    return at, last


def session_end(at: datetime, session: Session) -> datetime:
    """Return when the school's day ends if it is in session, else the instant itself."""
    bells = session.bells
    if not bells.days:
        return at
    day = local_day(at, session.zone)
    if day.isoweekday() not in bells.days:
        return at
    starts, ends = at_wall(day, bells.starts, session.zone), at_wall(day, bells.ends, session.zone)
    return ends if starts <= at < ends else at


def quiet_end(at: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Return when quiet hours end if they hold, else the instant itself."""
    if quiet.off:
        return at
    for day in days_around(at, zone, back=1, ahead=0):
        starts, ends = _quiet_on(day, quiet, zone)
        if starts <= at < ends:
            return ends
    return at


def _quiet_on(day: date, quiet: QuietHours, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = day if quiet.start < quiet.end else day + timedelta(days=1)
    return at_wall(day, quiet.start, zone), at_wall(last, quiet.end, zone)


def send_before(now: datetime, group: Group, settings: Effective, session: Session) -> datetime:
    """Return the next quiet or bell start after `now`, at most the time to live of the group (section 6)."""
    limit = now + _TTL.get(group, _OTHER_TTL)
    starts = [limit]
    if not settings.quiet_hours.off:
        starts += [
            at_wall(day, settings.quiet_hours.start, settings.timezone)
            for day in days_around(now, settings.timezone, back=0, ahead=2)
        ]
    starts += [
        at_wall(day, session.bells.starts, session.zone)
        for day in days_around(now, session.zone, back=0, ahead=2)
        if day.isoweekday() in session.bells.days
    ]
    return min(start for start in starts if start > now)
