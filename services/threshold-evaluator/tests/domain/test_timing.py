"""Due times in arbitrary zones, at arbitrary instants: nothing is due inside a hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from threshold_evaluator.domain.due import NEVER, Hold
from threshold_evaluator.domain.effective import Delivery, DigestTime, Effective, QuietHours
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import Bells, School, Watcher
from threshold_evaluator.domain.timing import (
    Pushes,
    Session,
    Wait,
    due_time,
    next_digest,
    quiet_end,
    send_before,
    session_end,
)
from threshold_evaluator.domain.walls import at_wall, local_day

from .worlds import (
    NOON,
    bells,
    clocks,
    districts,
    instants,
    plain_district,
    plain_school,
    plain_watcher,
    zones,
)
from .worlds import schools as any_school
from .worlds import watchers as any_watcher

PLAIN = resolve(plain_district(), plain_school(), plain_watcher())
NO_BELLS = Session(Bells(), ZoneInfo("UTC"))


def settings(zone: str, quiet: QuietHours, digest: time = time(18)) -> Effective:
    return replace(PLAIN, timezone=ZoneInfo(zone), quiet_hours=quiet, digest=DigestTime(digest))


quiets = st.builds(QuietHours, clocks, clocks)
waits = st.builds(
    lambda at, grace, delivery, bell, zone, mandatory: (
        Wait(at + grace, delivery, Session(bell, ZoneInfo(zone)), NEVER, mandatory),
        at,
    ),
    instants,
    st.timedeltas(timedelta(0), timedelta(days=1)),
    st.sampled_from([Delivery.IMMEDIATE, Delivery.DAILY, Delivery.WEEKLY]),
    bells,
    zones,
    st.booleans(),
)
pushes = st.builds(Pushes, instants, st.dates(date(2025, 1, 1), date(2028, 1, 1)), st.integers(0, 250))


@given(waits, zones, quiets, clocks, pushes)
def test_nothing_is_due_inside_a_hold_or_before_grace(
    wait_at: tuple[Wait, datetime], zone: str, quiet: QuietHours, digest: time, pushed: Pushes
) -> None:
    wait, now = wait_at
    held = settings(zone, quiet, digest)
    due = due_time(wait, held, pushed, now)
    assert due.at >= max(now, wait.grace_until)
    assume(due.at < now + timedelta(days=9))  # bells and quiet hours that leave no time end somewhere
    assert quiet_end(due.at, quiet, held.timezone) == due.at
    assert session_end(due.at, wait.session) == due.at
    assert (due.at == now) == (due.hold is Hold.NONE) or due.hold is not Hold.NONE


@given(waits, zones, quiets, clocks)
def test_asked_again_when_due_it_goes(
    wait_at: tuple[Wait, datetime], zone: str, quiet: QuietHours, digest: time
) -> None:
    wait, now = wait_at
    held = settings(zone, quiet, digest)
    due = due_time(wait, held, Pushes(), now)
    assume(due.at < now + timedelta(days=9))
    again = due_time(replace(wait, capped_at=due.capped_at), held, Pushes(), due.at)
    assert (again.at, again.digest) == (due.at, due.digest)


@given(instants, zones, quiets)
def test_quiet_hours_by_the_wall_except_where_clocks_change(
    now: datetime, zone: str, quiet: QuietHours
) -> None:
    where = ZoneInfo(zone)
    assume(len({(now + timedelta(hours=h)).astimezone(where).utcoffset() for h in range(-30, 31)}) == 1)
    wall = now.astimezone(where).time().replace(fold=0)
    after, before = wall >= quiet.start, wall < quiet.end
    inside = (after and before) if quiet.start <= quiet.end else (after or before)
    assert (quiet_end(now, quiet, where) > now) == inside


@given(st.dates(date(2025, 1, 1), date(2028, 1, 1)), clocks, zones)
def test_wall_times_exist_once(day: date, wall: time, zone: str) -> None:
    where = ZoneInfo(zone)
    instant = at_wall(day, wall, where)
    shown = instant.astimezone(where)
    if shown.replace(tzinfo=None, fold=0) == datetime.combine(day, wall):
        assert shown.fold == 0
    else:  # missing: the end of the gap, and the second before it shows an earlier time than asked for
        before = (instant - timedelta(seconds=1)).astimezone(where).replace(tzinfo=None, fold=0)
        assert before < datetime.combine(day, wall) < shown.replace(tzinfo=None, fold=0)


@given(instants, clocks, zones, st.integers(0, 7))
def test_digests_are_the_next(after: datetime, at: time, zone: str, weekday: int) -> None:
    found = next_digest(after, DigestTime(at), ZoneInfo(zone), weekday)
    assert after <= found <= after + timedelta(days=8 if weekday else 2)


@given(districts, any_school, any_watcher, instants)
def test_send_before_is_ahead_and_ends_at_the_next_hold(
    district: object, school: School, watcher: Watcher, now: datetime
) -> None:
    from bellwire_schemas.names import Group

    held = resolve(district, school, watcher)  # type: ignore[arg-type]
    until = send_before(now, Group.ATTENDANCE, held, Session(school.bells, school.timezone))
    assert now < until <= now + timedelta(hours=12)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        ("America/Chicago", date(2026, 3, 8), time(2, 30), "2026-03-08T08:00:00Z"),
        ("America/Chicago", date(2026, 11, 1), time(1, 30), "2026-11-01T06:30:00Z"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30:00Z"),
        ("Pacific/Apia", date(2011, 12, 30), time(9, 0), "2011-12-30T10:00:00Z"),
    ],
    ids=["missing hour", "doubled hour", "missing half hour", "missing day"],
)
def test_both_clock_changes(zone: str, day: date, wall: time, expected: str) -> None:
    assert at_wall(day, wall, ZoneInfo(zone)) == datetime.fromisoformat(expected)


def test_cap_goes_to_the_next_digest_and_stays_there() -> None:
    held = settings("America/Chicago", QuietHours())
    pushed = Pushes(NEVER, local_day(NOON, held.timezone), 30)
    due = due_time(Wait(NOON, Delivery.IMMEDIATE, NO_BELLS), held, pushed, NOON)
    assert (due.hold, due.digest, due.at) == (Hold.CAP, True, datetime(2026, 10, 14, 23, tzinfo=UTC))
    wait = Wait(NOON, Delivery.IMMEDIATE, NO_BELLS, due.capped_at)
    assert due_time(wait, held, Pushes(), due.at + timedelta(seconds=1)).digest
    outside = due_time(Wait(NOON, Delivery.IMMEDIATE, NO_BELLS, NEVER, True), held, pushed, NOON)
    assert outside.at == NOON


def test_a_cap_that_is_raised_lets_go_what_it_held_on_that_day_only() -> None:
    held = settings("America/Chicago", QuietHours())
    wait = Wait(NOON, Delivery.IMMEDIATE, NO_BELLS, NOON)
    that_day = Pushes(NEVER, local_day(NOON, held.timezone), 30)
    later = NOON + timedelta(hours=1)
    assert due_time(wait, held, that_day, later).hold is Hold.CAP
    assert due_time(wait, replace(held, daily_cap=31), that_day, later).at == later
    next_day = Pushes(NEVER, that_day.day + timedelta(days=1), 1)
    assert due_time(wait, held, next_day, NOON + timedelta(hours=14)).digest
