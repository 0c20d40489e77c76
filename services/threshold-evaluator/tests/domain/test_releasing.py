"""Arbitrary histories within grace, looked at again at its end: what was put right is never sent."""

from datetime import timedelta
from typing import Any

from bellwire_schemas.names import AttendanceStatus, Group, Kind
from hypothesis import given, settings
from hypothesis import strategies as st
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.changes import Change
from threshold_evaluator.domain.deciding import Deciding
from threshold_evaluator.domain.detecting import Detected, detect
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.facts import FLAG_KINDS
from threshold_evaluator.domain.memory import Memory
from threshold_evaluator.domain.plan import Plan, Telling
from threshold_evaluator.domain.releasing import Releasing
from threshold_evaluator.domain.roster import Roster
from threshold_evaluator.domain.things import Content, ValueForm

from .test_detecting import LOUD, events, histories, roster_of
from .worlds import NOON, plain_district, plain_school, plain_watcher

GRACE = {
    "groups": {group.value: {"grace_minutes": 5} for group in Group},
}


def quiet_family(**rules: Any) -> Roster:
    """One guardian who waits five minutes for everything and is held by nothing else."""
    return roster_of(
        plain_district({"defaults": {**LOUD, **GRACE, **rules}}), plain_school(), plain_watcher()
    )


def released(roster: Roster, first: list[Change], then: list[Change]) -> tuple[list[DueAlert], Content, Plan]:
    """Tell `first` and wait; then `then` within grace; return what waited, what stands, what the end of it makes."""
    incoming = events([*first, *then])
    memory, account = Memory(), Account("u")
    settled = NOON - timedelta(hours=1)
    early = Deciding({}, {"u": account}, settled)
    for each in incoming[: len(first)]:
        _take(early, each, roster, memory, settled)
    told_before = Releasing(roster, memory.states, {"u": account}, settled + timedelta(minutes=5)).take(
        list(early.plan.held.values())
    )
    for key, (value, state) in told_before.told.items():
        memory.tell(key, value, state)
    memory.grace.clear()
    late = Deciding({}, {"u": account}, NOON)
    for each in incoming[len(first) :]:
        _take(late, each, roster, memory, NOON)
    held = list(late.plan.held.values())
    end = NOON + timedelta(minutes=5)
    (state,) = memory.states.values()
    return held, state.content, Releasing(roster, memory.states, {"u": account}, end).take(held)


def _take(deciding: Deciding, incoming: Any, roster: Roster, memory: Memory, now: Any) -> None:
    detected = detect(incoming, roster, memory, now)
    if isinstance(detected, Detected):
        deciding.take(detected)


def reaching(plan: Plan) -> list[Telling]:
    return [
        *(push.telling for push in plan.pushes),
        *plan.inbox,
        *(m for s in plan.summaries for m in s.members),
    ]


def stands(kind: Kind, before: Content, now: Content) -> bool:
    """Say plainly whether a fact is still so."""
    if kind is Kind.ASSIGNMENT_SCORED:
        return now.score.form is not ValueForm.NONE and now.score != before.score
    if kind in (Kind.GRADE_POSTED, Kind.GRADE_MODIFIED):
        return now.posted != before.posted
    if kind is Kind.ATTENDANCE_MARKED:
        return now.mark.status in (AttendanceStatus.ABSENT, AttendanceStatus.TARDY)
    if kind is Kind.ATTENDANCE_MODIFIED:
        return now.mark != before.mark
    if kind is Kind.LUNCH_LOW:
        return now.balance < 10
    flag = next(name for name, of in FLAG_KINDS.items() if of is kind)
    return flag in now.flags and flag not in before.flags


@given(histories, st.data())
@settings(max_examples=400)
def test_what_was_put_right_within_grace_is_never_sent(history: list[Change], data: Any) -> None:
    cut = data.draw(st.integers(0, len(history)))
    held, now, plan = released(quiet_family(), history[:cut], history[cut:])
    assert len(held) <= 1, "one thing has one unsent alert"
    for telling in reaching(plan):
        (due,) = held
        assert telling.due.kinds
        assert all(stands(kind, due.before, now) for kind in telling.due.kinds)
        assert (now.score, now.flags, now.posted, now.mark) != (
            due.before.score,
            due.before.flags,
            due.before.posted,
            due.before.mark,
        ) or now.balance < 10


@given(histories, st.data())
@settings(max_examples=200)
def test_there_and_back_within_grace_tells_nothing(history: list[Change], data: Any) -> None:
    """A -> B -> A: whatever lies between, the last version is the one that stood before."""
    if type(history[0]).__name__ == "LunchBalanceChanged" or getattr(history[0], "deleted", False):
        return
    held, now, plan = released(quiet_family(), history[:1], [*history[1:], history[0]])
    if held and held[0].before == now:
        assert reaching(plan) == []
        assert {each.became for each in plan.settled} <= {"resolved"}


@given(histories, st.data())
@settings(max_examples=200)
def test_a_gate_that_closed_meanwhile_sends_nothing(history: list[Change], data: Any) -> None:
    roster = quiet_family()
    memory, account = Memory(), Account("u")
    deciding = Deciding({}, {"u": account}, NOON)
    for each in events(history):
        _take(deciding, each, roster, memory, NOON)
    closed = data.draw(
        st.sampled_from(
            [
                roster_of(plain_district({"push_enabled": False}), plain_school(), plain_watcher()),
                roster_of(plain_district(), plain_school(), plain_watcher(), enrolled=False),
                roster_of(plain_district(), plain_school()),
                roster_of(plain_district({"allowed_kinds": []}), plain_school(), plain_watcher()),
            ]
        )
    )
    held = list(deciding.plan.held.values())
    plan = Releasing(closed, memory.states, {"u": account}, NOON + timedelta(minutes=5)).take(held)
    assert reaching(plan) == []
    assert {each.became for each in plan.settled} <= {"withdrawn"}
