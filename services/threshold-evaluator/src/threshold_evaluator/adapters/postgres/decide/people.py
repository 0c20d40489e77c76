"""Roster rows as domain values: one object a stored text, so that what is resolved of them can be cached."""

from datetime import date, time
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from bellwire_schemas.names import Environment, PortalRole, Weekday
from bellwire_schemas.source import Source

from threshold_evaluator.domain.documents import read_district, read_school, read_user
from threshold_evaluator.domain.roster import Bells, District, Enrolment, School, Student, Watcher
from threshold_evaluator.domain.settings import NOTHING_SET, PlaceSettings, UserDocuments

Row: TypeAlias = Any
"""One row of a query of this folder."""

_WEEKDAYS = {day.value: number for number, day in enumerate(Weekday, start=1)}
_ROLES = {role.value: role for role in PortalRole}
_PLACES_KEPT = 20_000
_PEOPLE_KEPT = 50_000


@lru_cache(maxsize=_PLACES_KEPT)
def source_of(district_id: str, environment: str) -> Source:
    """Return the district and environment of a row."""
    return Source(district_id, Environment(environment))


@lru_cache(maxsize=_PLACES_KEPT)
def district_of(source: Source, name: str, timezone: str, settings: str, version: int) -> District:
    """Return the district of a row, one object as long as nothing in it changes."""
    return District(source, name, ZoneInfo(timezone), read_district(orjson.loads(settings)), version)


@lru_cache(maxsize=_PLACES_KEPT)
def unknown_district(source: Source) -> District:
    """Return a district that no `district.changed` has described."""
    return District(source, "", ZoneInfo("UTC"), PlaceSettings())


@lru_cache(maxsize=_PLACES_KEPT)
def school_of(
    source: Source, school_id: str, name: str, timezone: str, bell: str, settings: str, version: int
) -> School:
    """Return the school of a row; `timezone` is its own or its district's."""
    return School(
        school_id,
        name,
        ZoneInfo(timezone),
        _bells(orjson.loads(bell)),
        read_school(orjson.loads(settings)),
        version,
    )


def _bells(bell: dict[str, Any]) -> Bells:
    if not bell:
        return Bells()
    return Bells(
        time.fromisoformat(bell["starts"]),
        time.fromisoformat(bell["ends"]),
        frozenset(_WEEKDAYS[day] for day in bell["days"]),
    )


@lru_cache(maxsize=_PEOPLE_KEPT)
def student_of(student_id: str, school_id: str, name: str, enrolments: str, watchers: str) -> Student:
    """Return the student of a row, one object as long as nothing in it changes."""
    return Student(
        student_id,
        school_id,
        name,
        tuple(
            Enrolment(school, calendar, _date(starts), _date(ends), active)
            for school, calendar, starts, ends, active in orjson.loads(enrolments)
        ),
        tuple(
            Watcher(user, _ROLES[role], portal, locale or "", zone or "", _documents(own, of_student))
            for user, role, portal, locale, zone, own, of_student in orjson.loads(watchers)
        ),
    )


def _date(text: str) -> date:
    if text == "infinity":
        return date.max
    return date.min if text == "-infinity" else date.fromisoformat(text)


def _documents(own: str | None, of_student: str | None) -> UserDocuments:
    return _documents_of(own or "{}", of_student or "{}")


@lru_cache(maxsize=_PEOPLE_KEPT)
def _documents_of(own: str, of_student: str) -> UserDocuments:
    if own == of_student == "{}":
        return NOTHING_SET
    return read_user(orjson.loads(own), orjson.loads(of_student))
