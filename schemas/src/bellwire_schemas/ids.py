"""Deterministic ids: uuid5 of what a thing is about, so a replay makes the same id (architecture.md, 4)."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID, uuid5

from bellwire_schemas.keys import encoded
from bellwire_schemas.source import Source

NAMESPACE = UUID("6f1d7c52-8a0e-5a39-9d0c-5b2c5f0a7e11")
"""The root of every Bellwire id; changing it would tell everybody everything again."""


def _of(word: str, *parts: str) -> UUID:
    return uuid5(NAMESPACE, "/".join((word, *map(encoded, parts))))


def _scope(source: Source) -> tuple[str, str]:
    return source.environment.value, source.district_id


def alert_id(source: Source, event_source: str, event_id: str, user_id: str) -> UUID:
    """Id of the alert of one user about one event: uuid5(environment, source, event id, user)."""
    return _of("alert", *_scope(source), event_source, event_id, user_id)


def summary_id(members: Iterable[UUID]) -> UUID:
    """Id of a summary or digest: uuid5 of its members' ids, whatever their order."""
    return _of("summary", *sorted(map(str, members)))


def slot_id(source: Source, user_id: str, thing: str) -> UUID:
    """Place on the screen of one thing for one user: `apns-collapse-id` and Android `tag`."""
    return _of("slot", *_scope(source), user_id, thing)


def delivery_id(alert: UUID, installation_id: str) -> UUID:
    """Id of one alert on one device; travels as `apns-id`."""
    return _of("delivery", str(alert), installation_id)


def attendance_id(student_id: str, on: date, place_id: str, period: str) -> UUID:
    """Ed-Fi's attendance key without its category: student, date, school or section, period."""
    return _of("attendance", student_id, on.isoformat(), place_id, period)


def event_id(*parts: str) -> UUID:
    """Id of an event that an importer derives: uuid5 of source, entity and version."""
    return _of("event", *parts)
