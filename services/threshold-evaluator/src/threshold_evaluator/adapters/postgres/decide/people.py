"""Roster rows as domain values: one object a stored text, so that what is resolved of them can be cached."""

from collections.abc import Iterable
from datetime import date, time
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from bellwire_kit.postgres import read_json
from bellwire_schemas.names import Environment, PortalRole, Weekday
from bellwire_schemas.source import Source
from msgspec import Struct
from msgspec.json import Decoder

from threshold_evaluator.domain.documents import read_district, read_school, read_user
from threshold_evaluator.domain.roster import Bells, District, Enrolment, School, Student, Watcher
from threshold_evaluator.domain.settings import NOTHING_SET, PlaceSettings, UserDocuments

Row: TypeAlias = Any
"""One row of a query of this folder."""

_WEEKDAYS = {day.value: number for number, day in enumerate(Weekday, start=1)}
_PLACES_KEPT = 20_000
_PEOPLE_KEPT = 50_000

_Enrolled: TypeAlias = tuple[str, str, str, str, bool]
"""School, calendar, from, to, active."""


class _Watching(Struct, frozen=True, gc=False, array_like=True):
    """One watcher of an audience's document."""

    user_id: str
    role: PortalRole
    portal: bool
    locale: str | None
    timezone: str | None
    own: str | None
    of_student: str | None


class _Audience(Struct, frozen=True, gc=False, array_like=True):
    """An audience's document, as `refresh_audiences` makes it."""

    school_id: str
    name: str
    enrolments: tuple[_Enrolled, ...]
    watchers: tuple[_Watching, ...]


_read = Decoder(_Audience).decode


@lru_cache(maxsize=_PLACES_KEPT)
def source_of(district_id: str, environment: str) -> Source:
    """Return the district and environment of a row."""
    return Source(district_id, Environment(environment))


@lru_cache(maxsize=_PLACES_KEPT)
def district_of(source: Source, name: str, timezone: str, settings: str, version: int) -> District:
    """Return the district of a row, one object as long as nothing in it changes."""
    return District(source, name, ZoneInfo(timezone), read_district(read_json(settings)), version)


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
        read_school(read_json(settings)),
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


class Students:
    """Students by their documents: read once a version, whatever batches they come in, as long as they fit."""

    def __init__(self, kept: int = _PEOPLE_KEPT) -> None:
        self._most = kept // 2
        self._lately: dict[Source, dict[str, tuple[str, Student]]] = {}
        self._before: dict[Source, dict[str, tuple[str, Student]]] = {}
        self._count = 0

    def read(self, source: Source, documents: Iterable[tuple[str, str]]) -> dict[str, Student]:
        """Return the students whose (id, document) these are, by id."""
        lately = self._lately.setdefault(source, {})
        before = self._before.get(source, {})
        found: dict[str, Student] = {}
        for student_id, document in documents:
            known = lately.get(student_id)
            if known is None:
                known = before.get(student_id)
                if known is None or known[0] != document:
                    known = (document, _student_of(student_id, document))
                lately[student_id] = known
                self._count += 1
            elif known[0] != document:
                known = lately[student_id] = (document, _student_of(student_id, document))
            found[student_id] = known[1]
        if self._count > self._most:
            # What was not asked for since the last time is forgotten.
            self._before, self._lately, self._count = self._lately, {}, 0
        return found


def _student_of(student_id: str, document: str) -> Student:
    read = _read(document)
    return Student(
        student_id,
        read.school_id,
        read.name,
        tuple([_enrolment(each) for each in read.enrolments]),
        tuple(
            [
                Watcher(
                    each.user_id,
                    each.role,
                    each.portal,
                    each.locale or "",
                    each.timezone or "",
                    _documents(each.own or "{}", each.of_student or "{}"),
                )
                for each in read.watchers
            ]
        ),
    )


@lru_cache(maxsize=_PLACES_KEPT)
def _enrolment(row: _Enrolled) -> Enrolment:
    school_id, calendar_id, starts, ends, active = row
    return Enrolment(school_id, calendar_id, _date(starts), _date(ends), active)


def _date(text: str) -> date:
    if text == "infinity":
        return date.max
    return date.min if text == "-infinity" else date.fromisoformat(text)


@lru_cache(maxsize=_PEOPLE_KEPT)
def _documents(own: str, of_student: str) -> UserDocuments:
    if own == of_student == "{}":
        return NOTHING_SET
    return read_user(orjson.loads(own), orjson.loads(of_student))
