"""Waves hold each unit once, never more than fits, canaries first and alone (hypothesis)."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.booking import Free
from update_scheduler.domain.rollouts import Released, Unit, plan, progress, waits_for
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Occurrence

START = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
WINDOW = uuid5(NAMESPACE_URL, "window")


@st.composite
def units(draw):
    sizes = draw(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=25))
    return [
        Unit(f"u{n}", tuple(f"d{n}-{m}" for m in range(size)), canary)
        for n, (size, canary) in enumerate(sizes)
    ]


@st.composite
def free(draw):
    lefts = draw(st.lists(st.integers(1, 12), max_size=15))
    week = timedelta(days=7)
    return [
        Free(Occurrence(WINDOW, START + n * week, START + n * week + timedelta(hours=3)), left)
        for n, left in enumerate(lefts)
    ]


@given(units(), free(), st.integers(1, 8))
def test_every_unit_is_in_one_wave_or_named_as_left(found, places, most):
    made = plan(found, places, most)
    listed = [u for w in made.waves for u in w.units] + list(made.beyond)
    assert sorted(u.key for u in listed) == sorted(u.key for u in found)


@given(units(), free(), st.integers(1, 8))
def test_no_wave_is_larger_than_its_window_or_the_limit_and_none_is_empty(found, places, most):
    left = {f.occurrence: f.left for f in places}
    made = plan(found, places, most)
    for wave in made.waves:
        assert 0 < wave.places <= min(most, left[wave.occurrence])
    starts = [w.occurrence.starts_at for w in made.waves]
    assert starts == sorted(set(starts))


@given(units(), free(), st.integers(1, 8))
def test_canaries_go_first_and_alone(found, places, most):
    made = plan(found, places, most)
    kinds = [{u.canary for u in w.units} for w in made.waves]
    assert all(len(k) == 1 for k in kinds)
    assert [k.pop() for k in kinds] == sorted((w.units[0].canary for w in made.waves), reverse=True)
    if any(u.canary for u in made.beyond):
        assert all(u.canary for w in made.waves for u in w.units)


@given(units(), free(), st.integers(1, 8))
def test_who_is_left_fits_in_no_window_that_was_not_filled(found, places, most):
    made = plan(found, places, most)
    used = {w.occurrence: w.places for w in made.waves}
    last = max((w.occurrence.starts_at for w in made.waves if w.units[0].canary), default=None)
    if any(u.canary for u in made.beyond):
        return
    for unit in made.beyond:
        for place in places:
            if last is None or place.occurrence.starts_at > last:
                assert used.get(place.occurrence, 0) + len(unit.districts) > min(most, place.left)


def test_a_unit_has_districts_each_once():
    with pytest.raises(ValueError, match="each once"):
        Unit("g", ("a", "a"))
    with pytest.raises(ValueError, match="has districts"):
        Unit("g", ())


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(Status)), max_size=20))
def test_the_rest_waits_for_canaries_that_are_not_done(found):
    released = [Released(f"d{n}", canary, 1, status) for n, (canary, status) in enumerate(found)]
    waiting = waits_for(released)
    fine = (Status.COMPLETED, Status.NEW_VERSION_REQUESTED)
    assert set(waiting) == {r.district_id for r in released if r.canary and r.status not in fine}


@given(st.integers(0, 30), st.lists(st.sampled_from(Status), max_size=30))
def test_progress_adds_up(more, statuses):
    far = progress(more + len(statuses), statuses)
    assert far.unreleased + far.open + far.done + far.failed == far.total
    assert far.unreleased == more
    assert far.remains == far.total - statuses.count(Status.COMPLETED)
