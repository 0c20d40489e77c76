"""Windows against an oracle that walks every local minute; and the choice of slots."""

from array import array
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from bellwire_schemas.names import RequestKind, Weekday
from hypothesis import given, settings
from hypothesis import strategies as st
from update_scheduler.domain.booking import Full, free_slots, needs_window, slot_at
from update_scheduler.domain.recurrence import Monthly, Weekly
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.slots import NO_WINDOW, Slot
from update_scheduler.domain.windows import NO_OCCURRENCE, Blackout, Occurrence, Window, instant

ZONES = ["America/Chicago", "America/Denver", "Australia/Lord_Howe", "Europe/London", "America/Phoenix"]
DAYS = list(Weekday)
VERSION = frozenset({RequestKind.VERSION_UPDATE})


def window(zone="America/Chicago", recurrence=None, opens=time(0, 30), closes=time(3, 30), **more):
    values = {
        "id": UUID(int=1),
        "hosting": Hosting.CLOUD,
        "kinds": VERSION,
        "zone": ZoneInfo(zone),
        "recurrence": recurrence or Weekly(frozenset({Weekday.THURSDAY})),
        "opens": opens,
        "closes": closes,
        "capacity": 2,
        "effective_from": date(2025, 7, 1),
    }
    return Window(**{**values, **more})


def minute_oracle(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first UTC minute at which the wall clock reads the local time or, where it is skipped, later."""
    wanted = datetime.combine(day, clock)
    at = (wanted - timedelta(hours=20)).replace(tzinfo=UTC)
    while True:
        if at.astimezone(zone).replace(tzinfo=None) >= wanted:
            return at
        at += timedelta(minutes=1)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 24 * 60 - 1),
    st.booleans(),
)
def test_instants_are_those_of_a_wall_clock(name, day, minute, near_change):
    zone = ZoneInfo(name)
    if near_change:
        day = next(
            (
                day + timedelta(days=i)
                for i in range(366)
                if _offset(day + timedelta(days=i), zone) != _offset(day + timedelta(days=i + 1), zone)
            ),
            day,
        )
        minute = minute % 240
    clock = time(minute // 60, minute % 60)
    assert instant(day, clock, zone) == minute_oracle(day, clock, zone)


def _offset(day, zone):
    return datetime.combine(day, time(), zone).utcoffset()


RECURRENCES = st.one_of(
    st.builds(Weekly, st.frozensets(st.sampled_from(DAYS), min_size=1), st.integers(1, 3)),
    st.builds(Monthly, st.sampled_from(DAYS), st.integers(1, 5)),
)


def brute_days(w: Window, first: date, last: date):
    """Every local start day in [first, last], one calendar day after the other."""
    start = w.effective_from - timedelta(days=w.effective_from.weekday())
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if not w.effective_from <= day < w.effective_until:
            continue
        r = w.recurrence
        if isinstance(r, Weekly):
            hit = DAYS[day.weekday()] in r.weekdays and (day - start).days // 7 % r.every == 0
        else:
            same = [
                d
                for d in (date(day.year, day.month, 1) + timedelta(days=i) for i in range(31))
                if d.month == day.month and DAYS[d.weekday()] is r.weekday
            ]
            hit = day == (same[-1] if r.nth == 5 else same[r.nth - 1])
        if hit:
            yield day


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(ZONES),
    RECURRENCES,
    st.integers(0, 95),
    st.integers(0, 95),
    st.dates(date(2020, 1, 1), date(2029, 1, 1)),
    st.integers(0, 200),
    st.one_of(st.none(), st.integers(1, 200)),
)
def test_occurrences_are_those_of_the_calendar(zone, recurrence, opens, closes, begins, offset, length):
    w = window(
        zone,
        recurrence,
        time(opens // 4, opens % 4 * 15),
        time(closes // 4, closes % 4 * 15),
        effective_from=begins,
        effective_until=begins + timedelta(days=length) if length else date.max,
    )
    after = datetime.combine(begins, time(12), UTC) + timedelta(days=offset - 20)
    until = after + timedelta(days=90)
    found = []
    for o in w.occurrences(after):
        if o.starts_at > until:
            break
        found.append((o.starts_at, o.ends_at))
    expected = []
    for day in brute_days(w, after.date() - timedelta(days=3), until.date() + timedelta(days=3)):
        end_day = day if w.closes > w.opens else day + timedelta(days=1)
        starts, ends = minute_oracle(day, w.opens, w.zone), minute_oracle(end_day, w.closes, w.zone)
        if starts < ends and ends > after and starts <= until:
            expected.append((starts, ends))
    assert found == expected


def wall_clock(zone: ZoneInfo, first: date, last: date) -> dict[int, array]:
    """Reads a wall clock at every minute of the span.

    Ordinal of a local day -> the UTC second at which each of its minutes was first shown; -1 for one that never was.
    """
    begin = datetime.combine(first, time(), UTC) - timedelta(days=1)
    end = datetime.combine(last, time(), UTC) + timedelta(days=2)
    seen: dict[int, array] = defaultdict(lambda: array("q", [-1]) * (24 * 60))
    for at in range(int(begin.timestamp()), int(end.timestamp()), 60):
        local = datetime.fromtimestamp(at, zone)
        minutes = seen[local.toordinal()]
        minute = local.hour * 60 + local.minute
        if minutes[minute] < 0:
            minutes[minute] = at
    return seen


def of_the_clock(seen: dict[int, array], day: date, clock: time) -> datetime:
    """The first UTC minute at which the clock showed it or, where it skips that, the next that it shows."""
    at = next(at for at in seen[day.toordinal()][clock.hour * 60 + clock.minute :] if at >= 0)
    return datetime.fromtimestamp(at, UTC)


TEN_YEARS = (date(2025, 1, 1), date(2034, 12, 31))
TEN_YEAR_RULES = [
    (Weekly(frozenset({Weekday.THURSDAY})), time(0, 30), time(3, 30)),
    (Weekly(frozenset({Weekday.SUNDAY})), time(0, 30), time(3, 30)),
    (Weekly(frozenset({Weekday.SUNDAY}), 2), time(2, 10), time(2, 50)),
    (Weekly(frozenset({Weekday.SATURDAY, Weekday.SUNDAY})), time(22, 0), time(1, 45)),
    (Weekly(frozenset(DAYS)), time(1, 30), time(2, 30)),
    (Monthly(Weekday.SUNDAY, 5), time(1, 0), time(4, 0)),
    (Monthly(Weekday.SUNDAY, 2), time(1, 59), time(3, 1)),
]


@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_of_every_rule_against_a_wall_clock(zone):
    first, last = TEN_YEARS
    seen = wall_clock(ZoneInfo(zone), first, last)
    for recurrence, opens, closes in TEN_YEAR_RULES:
        w = window(
            zone, recurrence, opens, closes, effective_from=first, effective_until=last + timedelta(days=1)
        )
        found = [
            (o.starts_at, o.ends_at)
            for o in w.occurrences(datetime.combine(first - timedelta(days=2), time(), UTC))
        ]
        expected = []
        for day in brute_days(w, first, last):
            end_day = day if closes > opens else day + timedelta(days=1)
            span = of_the_clock(seen, day, opens), of_the_clock(seen, end_day, closes)
            if span[0] < span[1]:
                expected.append(span)
        assert found == expected, (recurrence, opens, closes)
        assert len(found) > 100


def test_the_cloud_window_over_both_clock_changes():
    sunday = window(recurrence=Weekly(frozenset({Weekday.SUNDAY})))
    spring = next(sunday.occurrences(datetime(2026, 3, 8, 0, tzinfo=UTC)))
    assert spring.ends_at - spring.starts_at == timedelta(hours=2)
    autumn = next(sunday.occurrences(datetime(2026, 11, 1, 0, tzinfo=UTC)))
    assert autumn.ends_at - autumn.starts_at == timedelta(hours=4)
    gap = window(recurrence=Weekly(frozenset({Weekday.SUNDAY})), opens=time(2, 0), closes=time(2, 45))
    assert gap.occurrence_at(datetime(2026, 3, 8, 8, 10, tzinfo=UTC)) is NO_OCCURRENCE


def test_an_earlier_rule_has_ended():
    old = window(effective_from=date(2024, 1, 1), effective_until=date(2025, 7, 1))
    assert list(old.occurrences(datetime(2026, 1, 1, tzinfo=UTC))) == []
    last = list(old.occurrences(datetime(2025, 6, 20, tzinfo=UTC)))
    assert [o.starts_at.date() for o in last] == [date(2025, 6, 26)]


def test_slots_by_capacity_blackout_and_window():
    w = window()
    at = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
    occurrence = w.occurrence_at(at)
    assert isinstance(occurrence, Occurrence)
    key = (w.id, occurrence.starts_at)
    slot = slot_at(at, [w], [], {}, window_needed=True)
    assert slot == Slot(at, occurrence.starts_at, occurrence.ends_at, w.id)
    assert isinstance(slot_at(at, [w], [], {key: 2}, window_needed=True), Full)
    assert isinstance(slot_at(at, [w], [], {key: 1}, window_needed=True, places=2), Full)
    assert isinstance(slot_at(at, [w], [], {key: 1}, window_needed=True), Slot)
    dark = Blackout(occurrence.ends_at - timedelta(minutes=1), occurrence.ends_at + timedelta(days=1))
    assert isinstance(slot_at(at, [w], [dark], {}, window_needed=True), FieldWrong)
    beside = Blackout(occurrence.ends_at, occurrence.ends_at + timedelta(days=1))
    assert isinstance(slot_at(at, [w], [beside], {}, window_needed=True), Slot)
    assert isinstance(slot_at(at - timedelta(hours=2), [w], [], {}, window_needed=True), FieldWrong)
    other = window(id=uuid4(), capacity=1)
    spare = slot_at(at, [w, other], [], {key: 2}, window_needed=True)
    assert isinstance(spare, Slot)
    assert spare.window == other.id
    free = slot_at(at, [], [], {}, window_needed=False)
    assert isinstance(free, Slot)
    assert free.window is NO_WINDOW


def test_next_free_slots_skip_full_and_dark_ones():
    w = window()
    now = datetime(2026, 11, 22, 15, tzinfo=UTC)
    first = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
    dark = Blackout(first + timedelta(days=7), first + timedelta(days=8))
    found = free_slots([w], [dark], {(w.id, first): 1}, now, 3)
    assert [(f.occurrence.starts_at, f.left) for f in found] == [
        (first, 1),
        (first + timedelta(days=14), 2),
        (first + timedelta(days=21), 2),
    ]
    assert free_slots([w], [dark], {(w.id, first): 2}, now, 1)[0].occurrence.starts_at == first + timedelta(
        days=14
    )
    assert free_slots([w], [], {(w.id, first): 1}, now, 1, places=2)[0].left == 2
    assert free_slots([], [], {}, now, 3) == ()


@pytest.mark.parametrize(
    ("hosting", "kind", "has_window", "needed"),
    [
        (Hosting.CLOUD, RequestKind.VERSION_UPDATE, False, True),
        (Hosting.CLOUD, RequestKind.VERSION_UPDATE, True, True),
        (Hosting.CLOUD, RequestKind.DATABASE_REFRESH, False, False),
        (Hosting.ASP, RequestKind.VERSION_UPDATE, False, False),
        (Hosting.ASP, RequestKind.VERSION_UPDATE, True, True),
        (Hosting.ASP, RequestKind.DATABASE_REFRESH, True, True),
    ],
)
def test_what_needs_a_window(hosting, kind, has_window, needed):
    windows = [window(hosting=hosting, kinds=frozenset({kind}))] if has_window else []
    assert needs_window(windows, hosting, kind) is needed


def test_a_window_that_holds_nothing_does_not_construct():
    for wrong in ({"capacity": 0}, {"kinds": frozenset()}, {"effective_until": date(2025, 7, 1)}):
        with pytest.raises(ValueError):
            window(**wrong)
    with pytest.raises(ValueError):
        Weekly(frozenset())
    with pytest.raises(ValueError):
        Monthly(Weekday.MONDAY, 6)
    with pytest.raises(ValueError):
        Blackout(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
