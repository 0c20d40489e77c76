"""Timers run from when a request came into its status and never run backwards (hypothesis)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.service_levels import NO_TIMER, Pace, Timer, Whose, timer
from update_scheduler.domain.slots import free_slot
from update_scheduler.domain.states import (
    Cancelled,
    Completed,
    Deferred,
    Deleted,
    InProgress,
    NewVersionRequested,
    NotStarted,
    PendingInput,
    Scheduled,
    ToBeScheduled,
    UnableToComplete,
    is_open,
    overdue,
)

BASE = datetime(2026, 11, 22, tzinfo=UTC)
moments = st.integers(-10_000, 10_000).map(lambda m: BASE + timedelta(minutes=m))
backs = st.one_of(
    st.just(ToBeScheduled()),
    moments.map(lambda at: Scheduled(free_slot(at))),
    moments.map(lambda at: NotStarted(free_slot(at))),
    st.builds(lambda at, since: InProgress(free_slot(at), since), moments, moments),
)
closed = st.one_of(
    moments.map(Completed), st.just(NewVersionRequested(UUID(int=1))), st.just(UnableToComplete("no disk"))
)
begun = st.builds(lambda at: PendingInput(NotStarted(free_slot(at)), answered=True), moments)
states = st.one_of(
    backs,
    st.builds(PendingInput, backs),
    begun,
    st.just(Deferred()),
    closed,
    closed.map(Deleted),
    st.just(Cancelled(ToBeScheduled())),
)


@given(states, moments)
def test_only_what_is_open_has_a_timer(state, moved):
    assert isinstance(timer(state, moved), Timer) == is_open(state)


@given(states, moments, moments, moments)
def test_a_timer_goes_from_in_time_over_soon_to_late(state, moved, one, other):
    running = timer(state, moved)
    if running is NO_TIMER:
        return
    assert running.since <= running.due
    order = list(Pace)
    first, second = sorted((one, other))
    assert order.index(running.pace(first)) <= order.index(running.pace(second))
    assert running.pace(running.due) is Pace.LATE


@given(moments, moments, moments)
def test_a_date_is_late_exactly_when_it_is_overdue(at, moved, now):
    state = Scheduled(free_slot(at))
    assert (timer(state, moved).pace(now) is Pace.LATE) == overdue(state, now)


def test_whose_turn_it_is():
    asked = PendingInput(NotStarted(free_slot(BASE)))
    assert timer(asked, BASE).whose is Whose.DISTRICT
    assert timer(PendingInput(asked.back, answered=True), BASE).whose is Whose.OPERATOR
