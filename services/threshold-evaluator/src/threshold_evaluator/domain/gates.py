"""The gates, in their order: all must stand open for anybody to be told (product.md section 4)."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bellwire_schemas.names import Area, Group, Kind, PortalRole

from threshold_evaluator.domain.roster import Bells, District, School, Student, Watcher
from threshold_evaluator.domain.timing import Session


class Gate(StrEnum):
    """The gates in their order; the value is the stored name."""

    DISTRICT_PUSH = "district_push"
    SCHOOL_PUSH = "school_push"
    AREA = "area"
    PORTAL = "portal"
    ENROLMENT = "enrolment"
    KIND_ALLOWED = "kind_allowed"
    ENVIRONMENT = "environment"


GATES: Final = tuple(Gate)
ALL_OPEN: Final = (1 << len(GATES)) - 1
"""Gates as stored: bit n is set when the n-th stood open."""

_BIT: Final = {gate: 1 << number for number, gate in enumerate(GATES)}
_PORTAL, _ENROLMENT, _KIND_ALLOWED = (_BIT[gate] for gate in (Gate.PORTAL, Gate.ENROLMENT, Gate.KIND_ALLOWED))

AREA_OF: Final = {
    Group.ASSIGNMENTS: Area.ASSIGNMENTS,
    Group.GRADES: Area.GRADES,
    Group.ATTENDANCE: Area.ATTENDANCE,
    Group.LUNCH: Area.FOOD_SERVICE,
}


def open_gates(
    district: District,
    school: School,
    student: Student,
    watcher: Watcher,
    *,
    group: Group,
    enrolled: bool,
    any_kind_allowed: bool,
) -> int:
    """Return which gates stand open, as bits; `enrolled` says whether the change's calendar is active today.

    A pause is no closed gate but a hold: what it holds goes as one summary when it ends. The gate of the
    environment stands open here, since only the dispatcher knows devices: it has none but those that a tester
    registered for that environment, and answers `no_device`.
    """
    bits = _gates_of_place(district, school, group)
    if watcher.portal:
        bits |= _PORTAL
    if enrolled:
        bits |= _ENROLMENT
    if any_kind_allowed:
        bits |= _KIND_ALLOWED
    return bits


@lru_cache(maxsize=20_000)
def _gates_of_place(district: District, school: School, group: Group) -> int:
    """Return the gates that are the same for everybody; both places are compared by identity, a version each."""
    area = AREA_OF[group]
    bits = _BIT[Gate.ENVIRONMENT]
    if district.settings.push_enabled:
        bits |= _BIT[Gate.DISTRICT_PUSH]
    if school.settings.push_enabled:
        bits |= _BIT[Gate.SCHOOL_PUSH]
    if area not in school.settings.closed_areas and area not in district.settings.closed_areas:
        bits |= _BIT[Gate.AREA]
    return bits


def gates_of(bits: int) -> dict[Gate, bool]:
    """Return each gate, in order, with whether it stood open: what `why` shows."""
    return {gate: bool(bits & _BIT[gate]) for gate in GATES}


def allowed(kinds: Iterable[Kind], district: District, school: School) -> frozenset[Kind]:
    """Return the kinds that district and school allow."""
    return allowed_at(district, school).intersection(kinds)


@lru_cache(maxsize=20_000)
def allowed_at(district: District, school: School) -> frozenset[Kind]:
    """Return all kinds that a district and a school allow; both are compared by identity."""
    return district.settings.allowed_kinds & school.settings.allowed_kinds


def is_enrolled(student: Student, school_id: str, calendar_id: str, today: date) -> bool:
    """Whether an enrolment makes the calendar of a change active; `today` is in the district's zone."""
    return any(enrolment.covers(school_id, calendar_id, today) for enrolment in student.enrolments)


def is_paused(district: District, school: School) -> bool:
    """Whether an administrator holds the pushes of the district or of the school."""
    return district.settings.paused or school.settings.paused


def holding_bells(district: District, school: School, group: Group, role: PortalRole) -> Session:
    """Return the bells that hold alerts of this group for this role: the school's say over the district's."""
    mode = school.settings.bell_hold
    if mode == "unset":
        mode = district.settings.bell_hold
    holds = group in (Group.ASSIGNMENTS, Group.GRADES) and (
        mode == "all" or (mode == "students" and role is PortalRole.STUDENT)
    )
    return Session(school.bells if holds else Bells(), school.timezone)
