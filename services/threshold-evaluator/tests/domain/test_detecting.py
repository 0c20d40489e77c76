"""Arbitrary histories of a thing, in any order and with any duplication."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bellwire_schemas.changes import AssignmentChanged, AttendanceChanged, GradeChanged, LunchBalanceChanged
from bellwire_schemas.names import DecisionOutcome, Group, Kind
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.changes import Change
from threshold_evaluator.domain.deciding import Deciding
from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.detecting import Detected, Incoming, detect
from threshold_evaluator.domain.facts import FLAG_KINDS
from threshold_evaluator.domain.gates import ALL_OPEN
from threshold_evaluator.domain.memory import Memory
from threshold_evaluator.domain.plan import Plan
from threshold_evaluator.domain.roster import District, Roster, School, Watcher
from threshold_evaluator.domain.things import NOTHING, ThingKey

from .worlds import (
    NOON,
    SOURCE,
    districts,
    plain_district,
    plain_school,
    plain_watcher,
    schools,
    student,
    watchers,
)

LATE = datetime(2026, 10, 14, 16, 0, tzinfo=UTC)
LOUD = {"coalesce_minutes": 0, "daily_cap": 200, "quiet_hours": "off"}
HEAD = {"district_id": "d", "student_id": "st", "school_id": "s"}

percents = st.one_of(st.none(), st.integers(0, 100).map(Decimal))
assignment_changes = st.builds(
    lambda **data: AssignmentChanged(**HEAD, assignment_id="t", modified_at=LATE, **data),
    score_percent=percents,
    **{flag: st.booleans() for flag in FLAG_KINDS},
    dropped=st.booleans(),
    deleted=st.sampled_from([False, False, False, True]),
)
grade_changes = st.builds(
    lambda **data: GradeChanged(**HEAD, grade_id="t", modified_at=LATE, **data),
    percent=percents,
    letter=st.sampled_from([None, "A", "B"]),
    posted=st.booleans(),
)
attendance_changes = st.builds(
    lambda **data: AttendanceChanged(**HEAD, attendance_id="t", modified_at=LATE, date="2026-10-14", **data),
    status=st.sampled_from(["present", "absent", "tardy", "early_release"]),
    excuse=st.sampled_from(["excused", "unexcused", "unknown"]),
    deleted=st.sampled_from([False, False, True]),
)
lunch_changes = st.builds(
    lambda balance: LunchBalanceChanged(**HEAD, account_id="t", modified_at=LATE, balance=balance),
    st.decimals(0, 20, places=2),
)
GROUPS: dict[type[Any], Group] = {
    AssignmentChanged: Group.ASSIGNMENTS,
    GradeChanged: Group.GRADES,
    AttendanceChanged: Group.ATTENDANCE,
    LunchBalanceChanged: Group.LUNCH,
}
histories = st.one_of(
    *(
        st.lists(changes, min_size=1, max_size=8)
        for changes in (assignment_changes, grade_changes, attendance_changes, lunch_changes)
    )
)


def events(history: list[Change]) -> list[Incoming]:
    """Number the versions: each a second newer than the one before."""
    found = []
    for number, change in enumerate(history):
        newer = change.model_copy(update={"modified_at": LATE + timedelta(seconds=number)})
        key = ThingKey(GROUPS[type(change)], "st", "t")
        found.append(
            Incoming(
                SOURCE, str(SOURCE), f"e{number}", key, newer, newer.model_dump_json(), False, NOON, NOON
            )
        )
    return found


def roster_of(district: District, school: School, *watching: Watcher, enrolled: bool = True) -> Roster:
    return Roster(district, {"s": school}, {"st": student(*watching, enrolled=enrolled)})


def play(roster: Roster, incoming: list[Incoming]) -> tuple[Memory, Plan, list[Detected]]:
    memory = Memory()
    users = [watcher.user_id for watcher in roster.students["st"].watchers]
    deciding = Deciding({}, {user: Account(user) for user in users}, NOON)
    found = []
    for each in incoming:
        detected = detect(each, roster, memory, NOON)
        if isinstance(detected, Detected):
            found.append(detected)
            deciding.take(detected)
    return memory, deciding.plan, found


PLAIN = roster_of(plain_district({"defaults": LOUD}), plain_school(), plain_watcher())


def told(plan: Plan) -> list[tuple[Any, ...]]:
    return [(each.event_id, each.user_id, each.kinds) for each in plan.decisions if each.kinds]


@given(histories, st.data())
@settings(max_examples=300)
def test_duplication_of_an_in_order_history_changes_nothing_told(history: list[Change], data: Any) -> None:
    once = events(history)
    repeated: list[Incoming] = []
    for number, each in enumerate(once):
        repeated.append(each)
        again = data.draw(st.lists(st.sampled_from(once[: number + 1]), max_size=2))
        repeated += again
    assert told(play(PLAIN, repeated)[1]) == told(play(PLAIN, once)[1])


@given(histories, st.data())
@settings(max_examples=300)
def test_any_order_ends_in_the_newest_and_tells_only_what_it_says(history: list[Change], data: Any) -> None:
    once = events(history)
    shuffled = data.draw(st.permutations([*once, *once]))
    memory, _, detected = play(PLAIN, list(shuffled))
    (state,) = memory.states.values()
    assert state.modified_at == once[-1].change.modified_at
    newest = datetime.min.replace(tzinfo=UTC)
    for each in detected:
        if each.kinds:
            assert each.turn.modified_at > newest
            assert supported(each)
        newest = max(newest, each.turn.modified_at)


def supported(detected: Detected) -> bool:
    """Whether the version itself says each fact told of it."""
    change: Any = detected.incoming.change
    says = {kind: bool(getattr(change, flag, False)) for flag, kind in FLAG_KINDS.items()}
    says[Kind.ASSIGNMENT_SCORED] = getattr(change, "score_percent", None) is not None
    says[Kind.GRADE_POSTED] = says[Kind.GRADE_MODIFIED] = bool(getattr(change, "posted", False))
    says[Kind.ATTENDANCE_MARKED] = getattr(change, "status", "") in ("absent", "tardy")
    says[Kind.ATTENDANCE_MODIFIED] = True
    says[Kind.LUNCH_LOW] = getattr(change, "balance", 99) < 10
    return all(says[kind] for kind in detected.kinds)


@given(districts, schools, st.lists(watchers, max_size=2), histories, st.booleans())
@settings(max_examples=300)
def test_nobody_without_all_gates_open_is_told(
    district: District, school: School, watching: list[Watcher], history: list[Change], enrolled: bool
) -> None:
    named = [structs.replace(watcher, user_id=f"u{number}") for number, watcher in enumerate(watching)]
    roster = roster_of(district, school, *named, enrolled=enrolled)
    _, plan, _ = play(roster, events(history))
    for decision in plan.decisions:
        if decision.outcome is not DecisionOutcome.SUPPRESS:
            assert decision.open_gates == ALL_OPEN
            assert enrolled
            assert next(w for w in named if w.user_id == decision.user_id).portal
            assert district.settings.push_enabled
            assert set(decision.kinds) <= district.settings.allowed_kinds
    reached = {each.due.user_id for each in plan.inbox} | {p.telling.due.user_id for p in plan.pushes}
    assert reached <= {d.user_id for d in plan.decisions if d.outcome is not DecisionOutcome.SUPPRESS}


@given(st.lists(lunch_changes, min_size=1, max_size=10))
def test_lunch_is_told_once_a_crossing(history: list[LunchBalanceChanged]) -> None:
    _, plan, _ = play(PLAIN, events(list(history)))
    crossings, low = 0, False
    for change in history:
        if change.balance < 10 and not low:
            crossings += 1
        low = change.balance < 10
    assert len(told(plan)) == crossings


@given(st.lists(attendance_changes, min_size=1, max_size=10))
def test_attendance_ends_with_the_user_knowing_the_mark(history: list[AttendanceChanged]) -> None:
    memory, plan, _ = play(PLAIN, events(list(history)))
    (state,) = memory.states.values()
    mark = state.content.mark
    known = memory.told.get((state.key, "u"), "present/unknown")
    assert known == f"{mark.status.value}/{mark.excuse.value}"
    assert len({each.event_id for each in plan.decisions}) == len(plan.decisions)


def test_backfill_sets_state_and_sends_nothing() -> None:
    change = AssignmentChanged(
        **HEAD, assignment_id="t", modified_at=LATE, missing=True, score_percent=Decimal(3)
    )
    (incoming,) = events([change])
    memory, plan, (detected,) = play(PLAIN, [structs.replace(incoming, backfill=True)])
    assert (detected.detection, plan.decisions) == (Detection.BACKFILL, [])
    (state,) = memory.states.values()
    assert state.content != NOTHING
