"""Arbitrary school days of a family with arbitrary settings: what its phone shows keeps every rule of timing."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from bellwire_schemas.changes import AssignmentChanged, AttendanceChanged, GradeChanged
from bellwire_schemas.names import Group
from hypothesis import given, settings
from hypothesis import strategies as st
from threshold_evaluator.domain.due import Hold
from threshold_evaluator.domain.timing import quiet_end, session_end
from threshold_evaluator.domain.walls import local_day

from .school_days import SCHOOL_OF, Family
from .worlds import CHICAGO

MINUTE = timedelta(minutes=1)

rules = st.fixed_dictionaries(
    {
        "grace_minutes": st.sampled_from([0, 0, 5, 45]),
        "delivery": st.sampled_from(["immediate", "immediate", "daily", "weekly", "inbox"]),
    }
)
guardians = st.fixed_dictionaries(
    {
        "groups": st.fixed_dictionaries({"assignments": rules, "grades": rules, "attendance": rules}),
        "coalesce_minutes": st.sampled_from([0, 10, 30]),
        "daily_cap": st.sampled_from([1, 2, 3, 30]),
        "quiet_hours": st.sampled_from(
            ["off", {"from": "22:00", "to": "06:00"}, {"from": "12:00", "to": "16:30"}]
        ),
        "digest": st.fixed_dictionaries({"at": st.sampled_from(["18:00", "23:00", "05:59", "12:30"])}),
    }
)
districts = st.fixed_dictionaries(
    {
        "bell_hold": st.sampled_from(["off", "all", "students"]),
        "mandatory_kinds": st.sampled_from([[], [], ["attendance.marked"]]),
    }
)


@st.composite
def days(draw: st.DrawFn) -> Family:
    """A family after some events and pauses and the nine days after, in which all that waited went."""
    family = Family(draw(guardians), draw(districts))
    for _ in range(draw(st.integers(1, 25))):
        family.until(family.now + MINUTE * draw(st.sampled_from([0, 0, 1, 3, 7, 20, 60, 240, 600])))
        _happen(draw, family)
    family.pause(False)
    family.until(family.now + timedelta(days=9))
    return family


def _happen(draw: st.DrawFn, family: Family) -> None:
    child = draw(st.sampled_from(list(SCHOOL_OF)))
    head: dict[str, Any] = {
        "district_id": "d",
        "student_id": child,
        "school_id": SCHOOL_OF[child],
        "modified_at": family.now,
    }
    thing, value = draw(st.sampled_from(["a", "b", "c"])), draw(st.integers(1, 100))
    match draw(st.sampled_from([*Group, "pause"])):
        case Group.ATTENDANCE:
            status = draw(st.sampled_from(["absent", "tardy", "present"]))
            day = family.now.date()
            family.take(
                AttendanceChanged(**head, attendance_id=thing, date=day, status=status),
                Group.ATTENDANCE,
                thing,
            )
        case Group.GRADES:
            family.take(GradeChanged(**head, grade_id=thing, percent=value, posted=True), Group.GRADES, thing)
        case "pause":
            family.pause(not family.place.get("paused", False))
        case _:
            work = AssignmentChanged(
                **head, assignment_id=thing, score_percent=value, missing=draw(st.booleans())
            )
            family.take(work, Group.ASSIGNMENTS, thing)


@given(days())
@settings(max_examples=150, deadline=None)
def test_what_a_phone_shows_keeps_every_rule_of_timing(family: Family) -> None:
    assert not family.unsent
    told = Counter(each.due.alert_id for shown in family.phone for each in shown.members)
    assert set(told.values()) <= {1}, "each is told once"
    pushes: Counter[date] = Counter()
    window_of: dict[tuple[str, Group], datetime] = {}
    at_the_end_of_a_hold: Counter[datetime] = Counter()
    for shown in family.phone:
        for each in shown.members:
            assert shown.at >= each.due.grace_until
            assert quiet_end(shown.at, each.settings.quiet_hours, CHICAGO) == shown.at
            assert session_end(shown.at, each.session) == shown.at
        day = local_day(shown.at, CHICAGO)
        # What is mandatory is outside the cap.
        of_cap = [each for each in shown.counted if not each.due.mandatory]
        pushes[day] += bool(of_cap)
        assert pushes[day] <= family.own["daily_cap"] or not of_cap
        places = {(each.due.key.student_id, each.due.group) for each in shown.counted}
        for place in places & set(window_of):
            assert shown.at >= window_of[place] + MINUTE * family.own["coalesce_minutes"]
        window_of.update(dict.fromkeys(places, shown.at))
        held = {each.due.hold for each in shown.members} & {Hold.QUIET, Hold.BELL, Hold.PAUSE}
        at_the_end_of_a_hold[shown.at] += bool(held)
    assert set(at_the_end_of_a_hold.values()) <= {0, 1}, "what ends one hold goes as one"
