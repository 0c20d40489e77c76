"""Due times against a walk through the minutes, in zones of every kind, most of all where their clocks change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Weekday
from hypothesis import given
from hypothesis import settings as walked
from hypothesis import strategies as st
from threshold_evaluator.domain.effective import Delivery, DigestTime, Effective, QuietHours
from threshold_evaluator.domain.roster import Bells
from threshold_evaluator.domain.timing import (
    Pushes,
    Session,
    Wait,
    due_time,
    next_digest,
    quiet_end,
    send_before,
)
from threshold_evaluator.domain.timing import session_end as bell_end
from threshold_evaluator.domain.walls import at_wall

from .slow_timing import free_from, holds, rings, slow_digest, slow_due_time, slow_send_before
from .test_timing import PLAIN
from .worlds import clocks

ZONES = (
    "America/Chicago",
    "America/Havana",  # midnight is skipped and doubled
    "America/Santiago",  # the day begins at one
    "Africa/Cairo",  # so it does, on a Friday
    "Asia/Beirut",
    "Africa/Casablanca",  # twice a year, by the moon
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # 12:45, and 13:45 in summer
    "Asia/Kathmandu",  # 5:45
    "America/St_Johns",  # 3:30
    "Antarctica/Troll",  # by two hours
    "America/Nuuk",  # late on a Saturday
    "Pacific/Kiritimati",  # 14 hours ahead
    "Pacific/Pago_Pago",  # 11 hours behind
)
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """Return the hours in which the clocks of a zone change; the first day of years for one of none."""
    where, hour = ZoneInfo(zone), timedelta(hours=1)
    hours = [FIRST + hour * number for number in range((LAST - FIRST) // hour)]
    found = [
        each
        for each in hours
        if each.astimezone(where).utcoffset() != (each + hour).astimezone(where).utcoffset()
    ]
    return tuple(found) or (FIRST,)


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and an instant, mostly within two days of a change of its clocks, often at a quarter of an hour."""
    zone = draw(st.sampled_from(ZONES))
    now = draw(st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1))).replace(tzinfo=UTC)
    if draw(st.integers(0, 3)):
        spread = draw(st.timedeltas(timedelta(hours=-50), timedelta(hours=50)))
        now = draw(st.sampled_from(changes(zone))) + spread
    if draw(st.booleans()):
        now = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return ZoneInfo(zone), now


def at_times(
    draw: Callable[[st.SearchStrategy[Any]], Any], where: tuple[ZoneInfo, datetime], *walls: time
) -> datetime:
    """Return the instant, or on the same day one at which one of these times begins."""
    zone, now = where
    if draw(st.booleans()):
        day: date = now.astimezone(zone).date()
        return datetime.combine(day, draw(st.sampled_from(walls)), zone).astimezone(UTC)
    return now


quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
times = st.one_of(
    st.builds(time, st.sampled_from([0, 1, 2, 3, 23]), st.sampled_from([0, 30, 45, 59])), quarters, clocks
)
quiets = st.builds(QuietHours, times, times)
bells = st.builds(Bells, times, times, st.frozensets(st.integers(1, 7)))
deliveries = st.sampled_from([Delivery.IMMEDIATE, Delivery.IMMEDIATE, Delivery.DAILY, Delivery.WEEKLY])


@st.composite
def holding(draw: st.DrawFn) -> tuple[Effective, Session, datetime]:
    """Quiet hours and digests in one zone, a school in the same or another, and a time, often where one begins."""
    zone, near = draw(near_changes())
    session = Session(draw(bells), draw(st.sampled_from([zone, *map(ZoneInfo, ZONES)])))
    quiet, digest = draw(quiets), DigestTime(draw(times), draw(st.sampled_from(Weekday)))
    now = at_times(draw, (zone, near), quiet.start, quiet.end, digest.at)
    now = at_times(draw, (session.zone, now), session.bells.starts, session.bells.ends)
    return replace(PLAIN, timezone=zone, quiet_hours=quiet, digest=digest), session, now


@st.composite
def cases(draw: st.DrawFn) -> tuple[Wait, Effective, Pushes, datetime]:
    """An alert, settings, pushes before it, and now: the end of grace to either side of it."""
    settings, session, now = draw(holding())
    settings = replace(
        settings,
        coalesce_minutes=draw(st.sampled_from([0, 15, 30, 47, 120])),
        daily_cap=draw(st.integers(1, 3)),
    )
    grace_until = now + timedelta(minutes=draw(st.sampled_from([0, -600, 5, 15, 60, 1_440])))
    wait = Wait(grace_until, draw(deliveries), session, mandatory=draw(st.booleans()))
    opened = now + timedelta(minutes=draw(st.integers(-150, 60)))
    day = (now + timedelta(days=draw(st.integers(-1, 1)))).astimezone(settings.timezone).date()
    pushes = draw(st.sampled_from([Pushes(), Pushes(opened, day, draw(st.integers(0, 4)))]))
    return wait, settings, pushes, now


@given(cases())
@walked(deadline=None, max_examples=150)
def test_an_alert_goes_in_the_first_minute_that_is_free(
    case: tuple[Wait, Effective, Pushes, datetime],
) -> None:
    wait, settings, pushes, now = case
    due, slow = due_time(wait, settings, pushes, now), slow_due_time(wait, settings, pushes, now)
    if slow is None:
        assert due.at > max(now, wait.grace_until) + timedelta(days=2)
    else:
        assert due.at == slow


@given(holding())
@walked(deadline=None)
def test_what_holds_and_until_when(case: tuple[Effective, Session, datetime]) -> None:
    settings, session, now = case
    held = holds(settings, session, now)
    quiet, bell = quiet_end(now, settings.quiet_hours, settings.timezone), bell_end(now, session)
    assert {quiet, bell} - {now} == {end for begin, end in held if begin <= now < end}
    assert (quiet == bell == now) == (next(free_from(now, held), None) == now)


@given(near_changes(), times)
@walked(deadline=None)
def test_a_wall_time_is_when_an_alarm_set_to_it_rings(where: tuple[ZoneInfo, datetime], wall: time) -> None:
    zone, now = where
    day: date = now.astimezone(zone).date()
    assert at_wall(day, wall, zone) == rings(wall, zone, now)[day]


@given(holding(), st.data())
@walked(deadline=None)
def test_a_digest_goes_when_its_alarm_rings(
    case: tuple[Effective, Session, datetime], data: st.DataObject
) -> None:
    settings, _, near = case
    after = at_times(data.draw, (settings.timezone, near), settings.digest.at)
    weekday = data.draw(st.integers(0, 7))
    found = next_digest(after, settings.digest, settings.timezone, weekday)
    assert found == slow_digest(after, settings, weekday)


def test_the_cap_is_that_of_the_day_on_which_an_alert_would_go() -> None:
    zone = ZoneInfo("America/Chicago")
    settings = replace(PLAIN, timezone=zone, quiet_hours=QuietHours(), daily_cap=1)
    before_midnight = datetime(2026, 10, 14, 23, 55, tzinfo=zone).astimezone(UTC)
    grace_until = before_midnight + timedelta(minutes=10)
    wait = Wait(grace_until, Delivery.IMMEDIATE, Session(Bells(), zone))
    pushes = Pushes(before_midnight - timedelta(hours=1), date(2026, 10, 14), 1)
    assert due_time(wait, settings, pushes, before_midnight).at == grace_until


@given(holding(), st.sampled_from(Group))
@walked(deadline=None)
def test_a_push_is_of_use_until_the_next_hold_begins(
    case: tuple[Effective, Session, datetime], group: Group
) -> None:
    settings, session, now = case
    ttl = timedelta(hours=12 if group is Group.ATTENDANCE else 48)
    assert send_before(now, group, settings, session) == slow_send_before(now, ttl, settings, session)


def test_zones_that_change_their_clocks_at_midnight_are_among_these() -> None:
    at_midnight = {
        zone for zone in ZONES for each in changes(zone) if each.astimezone(ZoneInfo(zone)).hour in (0, 23)
    }
    assert {"America/Havana", "America/Santiago", "Africa/Cairo", "Asia/Beirut"} <= at_midnight
