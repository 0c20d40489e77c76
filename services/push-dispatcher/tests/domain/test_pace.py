"""Back-off, breaker, window, pace, prune guard and token age."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.domain import backoff, breaker, token_age
from push_dispatcher.domain.pacing import Window, drawn, grown, pace, rate, shrunk
from push_dispatcher.domain.prune import (
    ENOUGH,
    GONE_SHARE,
    PruneGuard,
    counted,
    may_prune_gone,
    may_prune_suspect,
)

NOW = datetime(2026, 3, 4, tzinfo=UTC)
JITTER = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 500), st.timedeltas(timedelta(0), timedelta(hours=3)), JITTER)
def test_a_delay_is_bounded_and_never_below_what_was_asked(attempts, least, jitter):
    wait = backoff.delay(attempts, least, jitter)
    assert wait >= max(least, backoff.FIRST)
    assert wait <= max(least, backoff.LONGEST) * 1.5


@given(st.integers(1, 30), JITTER)
def test_delays_grow(attempts, jitter):
    assert backoff.delay(attempts + 1, timedelta(0), jitter) >= backoff.delay(attempts, timedelta(0), jitter)


@given(st.integers(1, 30), st.timedeltas(timedelta(0), timedelta(hours=3)), JITTER)
def test_nothing_is_tried_after_the_hour(attempts, since, jitter):
    first = NOW - since
    match backoff.next_attempt(
        attempts=attempts, first_attempt=first, now=NOW, least=timedelta(0), jitter=jitter
    ):
        case backoff.Again(at=at):
            assert NOW < at < first + backoff.GIVE_UP_AFTER
        case _:
            assert since + backoff.LONGEST * 1.5 >= backoff.GIVE_UP_AFTER


@given(st.lists(st.tuples(st.sampled_from(["error", "good", "ask"]), st.integers(0, 900)), max_size=40))
def test_a_breaker_lets_one_through_a_pause_and_everything_after_a_good_answer(steps):
    state, now, probed = breaker.CLOSED, NOW, None
    for word, seconds in steps:
        now += timedelta(seconds=seconds)
        if word == "error":
            state = breaker.tripped(state, "reason", now)
        elif word == "good":
            state = breaker.answered(state)
        before = state
        state, allowed = breaker.allowance(state, now)
        assert (allowed is None) == isinstance(before, breaker.Closed)
        if allowed == 1:
            assert probed is None or now >= probed + breaker.FIRST_PAUSE or word != "ask"
            probed = now
        if not isinstance(state, breaker.Closed):
            assert breaker.FIRST_PAUSE <= state.pause <= breaker.LONGEST_PAUSE


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 2)), max_size=200),
    st.integers(1, 50),
    st.integers(50, 300),
)
def test_a_window_keeps_its_bounds(steps, floor, ceiling):
    window, now = Window(floor, floor, ceiling), 0.0
    for good, seconds in steps:
        now += seconds
        before = window
        window = grown(window) if good else shrunk(window, now)
        assert floor <= window.slots <= ceiling
        assert (window.limit >= before.limit) if good else (window.limit <= before.limit)


def test_a_burst_of_refusals_halves_once():
    window = Window(100, 1, 100)
    for _ in range(50):
        window = shrunk(window, 5.0)
    assert window.slots == 50


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 500)), min_size=1, max_size=60),
    st.floats(10, 10_000),
    st.floats(0, 60),
)
def test_a_pace_never_grants_more_than_its_rate(draws, top, ramp):
    current, now, granted = pace(top=top, start=top / 20, ramp=ramp, now=0.0), 0.0, 0
    for seconds, wanted in draws:
        now += seconds
        current, given_now = drawn(current, wanted, now)
        assert 0 <= given_now <= wanted
        granted += given_now
    assert granted <= rate(current, now) * now + max(1.0, top / 10) + 1


def test_a_ramp_climbs_to_the_top():
    current = pace(top=1000, start=50, ramp=60, now=0.0)
    assert rate(current, 0.0) == 50
    assert 500 < rate(current, 30.0) < 550
    assert rate(current, 60.0) == 1000


@pytest.mark.parametrize(("floor", "limit", "ceiling"), [(0, 1, 1), (2, 1, 5), (1, 6, 5)])
def test_a_window_that_could_stop_the_lane_is_refused(floor, limit, ceiling):
    with pytest.raises(ValueError):
        Window(limit, floor, ceiling)


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0, 1), st.floats(0, 900)), max_size=30))
def test_pruning_stops_while_the_share_jumps(steps):
    guard, now = PruneGuard(began=0.0), 0.0
    for answers, share, seconds in steps:
        now += seconds
        guard = counted(guard, answers=answers, invalid=int(answers * share), now=now)
        assert 0 <= guard.share <= 1
        if may_prune_gone(guard, gone_at=NOW, registered_at=NOW):
            assert guard.seen < ENOUGH or guard.share <= GONE_SHARE
        if may_prune_suspect(guard):
            assert guard.seen >= ENOUGH


def test_a_token_registered_since_is_kept():
    quiet = PruneGuard(began=0.0)
    assert not may_prune_gone(quiet, gone_at=NOW, registered_at=NOW + timedelta(seconds=1))


@given(st.integers(1_600_000_000, 2_000_000_000), st.lists(st.integers(0, 4000), max_size=50))
def test_a_provider_token_is_neither_too_new_nor_too_old(start, waits):
    now, issued, made = start, token_age.issued_at(start), []
    for seconds in waits:
        now += seconds
        if token_age.due(issued, now):
            issued = token_age.issued_at(now)
            made.append(issued)
        assert now - issued < 60 * 60
    assert all(later - earlier >= token_age.LEAST_SECONDS for earlier, later in pairwise(made))
