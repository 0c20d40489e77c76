"""Project roster events into tables: one upsert a type and batch, the newest version of each row wins.

Rules: product.md section 2 (types, `modified_at`), section 3 (same `modified_at`: the later wins),
section 4 (any change of settings, roster or bells recomputes the unsent alerts of whom it touches).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from bellwire_schemas.changes import ScheduleChanged
from bellwire_schemas.roster import (
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import Source

RosterData: TypeAlias = (
    DistrictChanged
    | SchoolChanged
    | StudentChanged
    | EnrollmentChanged
    | PortalAccessChanged
    | ScheduleChanged
)
ROSTER_MODELS = (
    DistrictChanged,
    SchoolChanged,
    StudentChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    ScheduleChanged,
)


@dataclass(frozen=True, slots=True)
class Sourced:
    """One roster event and the district and environment it is of."""

    source: Source
    data: RosterData


@dataclass(frozen=True, slots=True, order=True)
class StudentRef:
    """One student of one district and environment."""

    district_id: str
    environment: str
    student_id: str


@dataclass(frozen=True, slots=True, order=True)
class UserRef:
    """One user of one district and environment."""

    district_id: str
    environment: str
    user_id: str


class Scope(StrEnum):
    """Whose unsent alerts a change touches."""

    DISTRICT = "district"
    SCHOOL = "school"
    STUDENT = "student"
    USER = "user"


@dataclass(frozen=True, slots=True, order=True)
class Recalculation:
    """The unsent alerts of one district, school, student or user must be timed again."""

    district_id: str
    environment: str
    scope: Scope
    scope_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """A row that an upsert wrote: `id` is the id within its scope (a user's for portal access).

    `first_seen`: there was no such row. `changed`: what decides about alerts differs from what stood.
    """

    district_id: str
    environment: str
    id: str
    first_seen: bool
    changed: bool


Rows: TypeAlias = Sequence[Sourced]


class RosterTables(Protocol):
    """The roster inside one transaction; each `put` takes rows sorted by key, at most one a key."""

    async def put(self, model: type[RosterData], rows: Rows) -> Sequence[Written]:
        """Upsert the rows of one type unless a newer version stands; answer what was written."""

    async def request(self, recalculations: Sequence[Recalculation]) -> None:
        """Note whose unsent alerts must be timed again."""


@dataclass(frozen=True, slots=True)
class Projected:
    """What a batch did: students that the roster knows since now, whose waiting events may be evaluated."""

    known: frozenset[StudentRef]
    recalculations: tuple[Recalculation, ...]

    @property
    def watchers(self) -> Sequence[UserRef]:
        """The users who may see a student no more, or again, or differently."""
        return [
            UserRef(each.district_id, each.environment, each.scope_id)
            for each in self.recalculations
            if each.scope is Scope.USER
        ]


Key: TypeAlias = tuple[str, ...]

_SCOPES: Mapping[type[RosterData], Scope] = {
    DistrictChanged: Scope.DISTRICT,
    SchoolChanged: Scope.SCHOOL,
    StudentChanged: Scope.STUDENT,
    EnrollmentChanged: Scope.STUDENT,
    PortalAccessChanged: Scope.USER,
}
_TOUCHING_WHEN_NEW = (DistrictChanged, SchoolChanged)
"""A new enrolment or access only opens gates, and what is unsent has them open already."""


def row_key(event: Sourced) -> Key:
    """Return the key of the row that an event is the state of."""
    scope = (event.source.district_id, event.source.environment.value)
    match event.data:
        case DistrictChanged():
            return scope
        case SchoolChanged(school_id=school):
            return (*scope, school)
        case StudentChanged(student_id=student):
            return (*scope, student)
        case EnrollmentChanged(student_id=student, school_id=school, calendar_id=calendar):
            return (*scope, student, school, calendar or "")
        case PortalAccessChanged(student_id=student, user_id=user):
            return (*scope, student, user)
        case ScheduleChanged(student_id=student, school_id=school, calendar_id=calendar, term=term):
            return (*scope, student, school, calendar or "", term)


def newest(events: Iterable[Sourced]) -> dict[type[RosterData], list[Sourced]]:
    """Keep one version a row: the newest, of equals the last; sorted by key within each type."""
    kept: dict[type[RosterData], dict[Key, Sourced]] = {}
    for event in events:
        rows = kept.setdefault(type(event.data), {})
        key = row_key(event)
        standing = rows.get(key)
        if standing is None or event.data.modified_at >= standing.data.modified_at:
            rows[key] = event
    return {model: [rows[key] for key in sorted(rows)] for model, rows in kept.items()}


async def project(events: Iterable[Sourced], tables: RosterTables) -> Projected:
    """Write a batch, in topic order within each row's key, note what it touches; harmless when repeated."""
    known: set[StudentRef] = set()
    touched: set[Recalculation] = set()
    by_model = newest(events)
    for model in ROSTER_MODELS:
        rows = by_model.get(model)
        if not rows:
            continue
        for row in await tables.put(model, rows):
            if model is StudentChanged and row.first_seen:
                known.add(StudentRef(row.district_id, row.environment, row.id))
            elif model in _SCOPES and row.changed and (not row.first_seen or model in _TOUCHING_WHEN_NEW):
                touched.add(Recalculation(row.district_id, row.environment, _SCOPES[model], row.id))
    recalculations = tuple(sorted(touched))
    if recalculations:
        await tables.request(recalculations)
    return Projected(frozenset(known), recalculations)
