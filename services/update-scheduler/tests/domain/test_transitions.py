"""The guarded table, and a state machine over transitions, actors and slots."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from update_scheduler.domain.refusals import FieldWrong, NotAllowed, Refusal, StatusForbids
from update_scheduler.domain.slots import NO_SLOT, NO_WINDOW, Slot, free_slot
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
    has_begun,
    held_slot,
    is_open,
    overdue,
    supersedable,
)
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.transitions import Answer, Order, answer, cancel, delete, move, remove, supersede

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
SLOT = free_slot(NOW + timedelta(days=4))
LATER = free_slot(NOW + timedelta(days=11))

TABLE = {
    "to_be_scheduled": "scheduled pending_input deferred unable_to_complete",
    "scheduled": "scheduled not_started pending_input deferred unable_to_complete",
    "not_started": "in_progress scheduled pending_input deferred unable_to_complete",
    "in_progress": "completed pending_input unable_to_complete",
    "completed": "",
    "deferred": "to_be_scheduled scheduled unable_to_complete",
    "new_version_requested": "",
    "unable_to_complete": "",
}
EXAMPLES = {
    "to_be_scheduled": ToBeScheduled(),
    "scheduled": Scheduled(SLOT),
    "not_started": NotStarted(SLOT),
    "in_progress": InProgress(SLOT, NOW),
    "completed": Completed(NOW),
    "deferred": Deferred(),
    "new_version_requested": NewVersionRequested(uuid4()),
    "unable_to_complete": UnableToComplete("why"),
}


def order(to: Status) -> Order:
    return Order(to, LATER if to is Status.SCHEDULED else NO_SLOT, "because")


@pytest.mark.parametrize("to", list(Status))
@pytest.mark.parametrize("current", EXAMPLES)
def test_the_table_is_that_of_the_product(current, to):
    after = move(EXAMPLES[current], order(to), NOW)
    if to.value in TABLE[current].split():
        assert not isinstance(after, Refusal)
        assert after.status is to
    else:
        assert isinstance(after, NotAllowed)


@pytest.mark.parametrize("to", list(Status))
@pytest.mark.parametrize("back", ["to_be_scheduled", "scheduled", "not_started", "in_progress"])
def test_pending_input_goes_back_or_on(back, to):
    after = move(PendingInput(EXAMPLES[back]), order(to), NOW)
    right = {back, "to_be_scheduled", "scheduled", "deferred", "unable_to_complete"}
    if to.value in right:
        assert not isinstance(after, Refusal)
        assert after.status is to
    else:
        assert isinstance(after, NotAllowed)


def test_answers_return_where_the_question_came_from():
    assert answer(PendingInput(ToBeScheduled()), NOW) == (ToBeScheduled(), Answer.RETURNED)
    assert answer(PendingInput(Scheduled(SLOT)), NOW) == (Scheduled(SLOT), Answer.RETURNED)
    assert answer(PendingInput(Scheduled(SLOT)), SLOT.ends_at) == (ToBeScheduled(), Answer.RETURNED)
    for back in (NotStarted(SLOT), InProgress(SLOT, NOW)):
        assert answer(PendingInput(back), NOW) == (PendingInput(back, answered=True), Answer.FLAGGED)
    assert isinstance(answer(Deferred(), NOW), StatusForbids)


def test_scheduling_needs_a_new_date_ahead():
    assert isinstance(move(ToBeScheduled(), Order(Status.SCHEDULED), NOW), FieldWrong)
    assert isinstance(move(Scheduled(SLOT), Order(Status.SCHEDULED), NOW), FieldWrong)
    assert isinstance(move(Scheduled(SLOT), Order(Status.SCHEDULED, SLOT), NOW), FieldWrong)
    past = free_slot(NOW - timedelta(hours=1))
    assert isinstance(move(ToBeScheduled(), Order(Status.SCHEDULED, past), NOW), FieldWrong)
    assert move(NotStarted(SLOT), Order(Status.SCHEDULED), NOW) == Scheduled(SLOT)
    assert isinstance(move(NotStarted(SLOT), Order(Status.SCHEDULED), SLOT.ends_at), FieldWrong)
    assert isinstance(move(ToBeScheduled(), Order(Status.DEFERRED, SLOT), NOW), FieldWrong)


def test_a_reason_is_needed_to_give_up():
    assert isinstance(move(ToBeScheduled(), Order(Status.UNABLE_TO_COMPLETE, note="  "), NOW), FieldWrong)


def test_illegal_states_do_not_construct():
    with pytest.raises(ValueError, match="why"):
        UnableToComplete("  ")
    with pytest.raises(ValueError, match="answered"):
        PendingInput(ToBeScheduled(), answered=True)
    with pytest.raises(ValueError, match="within"):
        Slot(NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2), NO_WINDOW)
    with pytest.raises(ValueError, match="offset"):
        free_slot(datetime(2026, 1, 1))


class Life(RuleBasedStateMachine):
    """One request under arbitrary orders, answers, removals, newer versions, and passing time."""

    @initialize()
    def create(self):
        self.state = ToBeScheduled()
        self.now = NOW
        self.ever_begun = False

    def became(self, after):
        if not isinstance(after, Refusal):
            before, self.state = self.state, after
            self.ever_begun = self.ever_begun or has_begun(after)
            assert is_open(before) or isinstance(after, Deleted)

    @rule(
        to=st.sampled_from(Status),
        days=st.integers(-3, 20),
        dated=st.booleans(),
        note=st.sampled_from(["", "x"]),
    )
    def operator_moves(self, to, days, dated, note):
        slot = free_slot(self.now + timedelta(days=days)) if dated else NO_SLOT
        after = move(self.state, Order(to, slot, note), self.now)
        if not isinstance(after, Refusal):
            assert after.status is to
            if to is Status.SCHEDULED and dated:
                assert held_slot(after) == slot
        self.became(after)

    @rule()
    def contact_answers(self):
        after = answer(self.state, self.now)
        if isinstance(self.state, PendingInput):
            state, what = after
            assert (what is Answer.FLAGGED) == has_begun(self.state)
            self.became(state)
        else:
            assert isinstance(after, Refusal)

    @rule()
    def contact_removes(self):
        after = remove(self.state)
        early = isinstance(self.state, ToBeScheduled | Scheduled)
        closed = isinstance(self.state, Completed | NewVersionRequested | UnableToComplete)
        assert isinstance(after, Refusal) == (not early and not closed)
        assert isinstance(cancel(self.state), Refusal) == (not early)
        assert isinstance(delete(self.state), Refusal) == (not closed)
        if early or closed:
            self.became(after)

    @rule()
    def newer_version(self):
        could = supersedable(self.state)
        after = supersede(self.state, UUID(int=1))
        assert isinstance(after, Refusal) != could
        self.became(after)

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @invariant()
    def slots_are_held_where_they_should_be(self):
        slot = held_slot(self.state)
        match self.state:
            case Scheduled() | NotStarted() | InProgress():
                assert slot is not NO_SLOT
            case PendingInput(back=back):
                assert slot == held_slot(back)
            case _:
                assert slot is NO_SLOT

    @invariant()
    def completed_was_begun(self):
        if isinstance(self.state, Completed):
            assert self.ever_begun

    @invariant()
    def overdue_only_while_waiting_for_its_slot(self):
        if overdue(self.state, self.now):
            assert isinstance(self.state, Scheduled | NotStarted)

    @precondition(lambda self: isinstance(self.state, Cancelled | Deleted))
    @rule(to=st.sampled_from(Status))
    def gone_is_gone(self, to):
        assert isinstance(move(self.state, Order(to, NO_SLOT, "x"), self.now), Refusal)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


@given(st.integers(0, 400))
def test_overdue_from_the_end_of_the_slot_on(minutes):
    at = SLOT.at + timedelta(minutes=minutes)
    assert overdue(Scheduled(SLOT), at) == (minutes >= 180)
