"""Who is who, as the decision needs it: values that the roster projection stores and one query reads back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from bellwire_schemas.names import PortalRole
from bellwire_schemas.source import Source
from msgspec import Struct

from threshold_evaluator.domain.settings import PlaceSettings, UserDocuments

ANY_CALENDAR = ""
"""An enrolment or a change that names no calendar."""


@dataclass(frozen=True, eq=False)
class District:
    """A district in one environment. Compared by identity: one object per stored version, to key a cache.

    `version` rises with every change of the row. Without a `district.changed` the zone is UTC, nothing set.
    """

    source: Source
    name: str
    timezone: ZoneInfo
    settings: PlaceSettings
    version: int = 0


@dataclass(frozen=True, slots=True)
class Bells:
    """When a school is in session, local to its zone: `days` are ISO weekdays (Monday is 1); empty: never."""

    starts: time = time(0, 0)
    ends: time = time(0, 0)
    days: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class School:
    """A school; compared by identity as `District` is. `timezone` is the school's own or its district's."""

    school_id: str
    name: str
    timezone: ZoneInfo
    bells: Bells
    settings: PlaceSettings
    version: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A student at a school, by calendar, from `starts_on` to `ends_on`, both days included."""

    school_id: str
    calendar_id: str
    starts_on: date
    ends_on: date
    active: bool

    def covers(self, school_id: str, calendar_id: str, today: date) -> bool:
        """Whether a change of this school and calendar is of an active calendar today.

        product.md section 3: `active`, and today, in the district's zone, lies within its dates. A change that
        names no calendar means any; an enrolment that names none is one in every calendar of its school.
        """
        return (
            self.active
            and self.school_id == school_id
            and (calendar_id in (ANY_CALENDAR, self.calendar_id) or self.calendar_id == ANY_CALENDAR)
            and self.starts_on <= today <= self.ends_on
        )


class Watcher(Struct, frozen=True, gc=False):
    """A user who has, or had, portal access to a student. Empty locale or zone: never stated by the SIS.

    `locale` and `timezone` are those of the user's newest portal access, whichever student it was for.
    """

    user_id: str
    role: PortalRole
    portal: bool
    locale: str
    timezone: str
    documents: UserDocuments


class Student(Struct, frozen=True, gc=False):
    """A student whom the roster knows, with enrolments and everyone who may be told."""

    student_id: str
    school_id: str
    display_name: str
    enrolments: tuple[Enrolment, ...]
    watchers: tuple[Watcher, ...]


@dataclass(frozen=True)
class Roster:
    """What one batch of changes needs to know of one district: known students, schools."""

    district: District
    schools: Mapping[str, School]
    students: Mapping[str, Student]

    def school(self, school_id: str) -> School:
        """Return the school, or one with nothing set when no event has described it."""
        return self.schools.get(school_id) or unknown_school(self.district.timezone)


@lru_cache(maxsize=1_000)
def unknown_school(zone: ZoneInfo) -> School:
    """Return a school that no `school.changed` has described: the district's zone, no bells, nothing set.

    One object a zone: what is resolved of a school is cached by its identity.
    """
    return School("", "", zone, Bells(), PlaceSettings())
