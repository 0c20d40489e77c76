"""Many requests take places one after the other; nothing ever holds more than its capacity (hypothesis)."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from bellwire_schemas.names import RequestKind, Weekday
from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.recurrence import Weekly
from update_scheduler.domain.rescheduling import At, NoPlace, Seeker, Spread, Times, assign
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.slots import NO_SLOT, Slot
from update_scheduler.domain.windows import Window

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
KIND = RequestKind.VERSION_UPDATE


def _window(capacity):
    return Window(
        uuid5(NAMESPACE_URL, "w"),
        Hosting.CLOUD,
        frozenset({KIND}),
        ZoneInfo("America/Chicago"),
        Weekly(frozenset({Weekday.THURSDAY})),
        time(0, 30),
        time(3, 30),
        capacity,
        date(2025, 7, 1),
    )


def _slots(window, count):
    found = []
    for occurrence in window.occurrences(NOW):
        found.append(Slot(occurrence.starts_at, occurrence.starts_at, occurrence.ends_at, window.id))
        if len(found) == count:
            return found
    return found


@st.composite
def stages(draw):
    window = _window(draw(st.integers(1, 4)))
    slots = _slots(window, 4)
    room = [s for s in slots for _ in range(window.capacity)]
    held = draw(st.permutations(room))[: draw(st.integers(0, len(room)))]
    mine = draw(st.integers(0, len(held)))
    free = draw(st.integers(0, 12))
    seekers = [Seeker(uuid5(NAMESPACE_URL, str(n)), slot) for n, slot in enumerate(held[:mine])]
    seekers += [Seeker(uuid5(NAMESPACE_URL, f"free{n}"), NO_SLOT) for n in range(free)]
    seekers = draw(st.permutations(seekers))
    goal = draw(st.one_of(st.just(Spread(NOW)), st.sampled_from([At(s.at) for s in slots])))
    taken = Counter((s.window, s.starts_at) for s in held)
    return seekers, goal, Times(Hosting.CLOUD, KIND, [window], [], taken), window


@given(stages())
def test_capacity_holds_afterwards_and_each_seeker_is_answered(stage):
    seekers, goal, times, window = stage
    found = assign(seekers, goal, times)
    assert set(found) == {s.id for s in seekers}
    after = Counter(times.taken)
    for seeker in seekers:
        place = found[seeker.id]
        if isinstance(place, Slot):
            if isinstance(seeker.held, Slot):
                after[(window.id, seeker.held.starts_at)] -= 1
            after[(window.id, place.starts_at)] += 1
    assert all(0 <= n <= window.capacity for n in after.values())


@given(stages())
def test_a_spread_always_finds_a_place_and_in_order_of_the_line(stage):
    seekers, _, times, _ = stage
    found = assign(seekers, Spread(NOW), times)
    assert not any(isinstance(place, NoPlace) for place in found.values())
    new = [found[s.id].starts_at for s in seekers if s.held is NO_SLOT]
    if all(s.held is NO_SLOT for s in seekers):
        assert new == sorted(new)


@given(stages())
def test_one_window_is_taken_by_the_first_in_line_or_its_fullness_is_named(stage):
    seekers, _, times, window = stage
    slot = _slots(window, 1)[0]
    found = assign(seekers, At(slot.at), times)
    for place in found.values():
        assert place == slot if isinstance(place, Slot) else "full" in place.detail


def test_outside_the_windows_there_is_no_place():
    window = _window(3)
    times = Times(Hosting.CLOUD, KIND, [window], [], {})
    seeker = Seeker(uuid5(NAMESPACE_URL, "a"), NO_SLOT)
    place = assign([seeker], At(NOW + timedelta(days=1)), times)[seeker.id]
    assert isinstance(place, NoPlace)
    assert "outside the windows" in place.detail
