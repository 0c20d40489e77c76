"""A record of the change topic as a value: a change of a thing, a roster event, or the reason it is neither."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas.changes import (
    AssignmentChanged,
    AttendanceChanged,
    GradeChanged,
    LunchBalanceChanged,
    ScheduleChanged,
)
from bellwire_schemas.envelope import CloudEvent, InvalidEnvelope, from_kafka
from bellwire_schemas.names import Group
from bellwire_schemas.roster import (
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import InvalidSource, Source, parse_source
from pydantic import ValidationError

from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.domain.things import Change, ThingKey
from threshold_evaluator.project import RosterData, Sourced

_THINGS: dict[str, tuple[type[Change], Group, str]] = {
    "bellwire.assignment.changed.v1": (AssignmentChanged, Group.ASSIGNMENTS, "assignment_id"),
    "bellwire.grade.changed.v1": (GradeChanged, Group.GRADES, "grade_id"),
    "bellwire.attendance.changed.v1": (AttendanceChanged, Group.ATTENDANCE, "attendance_id"),
    "bellwire.lunch_balance.changed.v1": (LunchBalanceChanged, Group.LUNCH, "account_id"),
}
_ROSTER: dict[str, type[RosterData]] = {
    "bellwire.schedule.changed.v1": ScheduleChanged,
    "bellwire.student.changed.v1": StudentChanged,
    "bellwire.enrollment.changed.v1": EnrollmentChanged,
    "bellwire.portal_access.changed.v1": PortalAccessChanged,
    "bellwire.district.changed.v1": DistrictChanged,
    "bellwire.school.changed.v1": SchoolChanged,
}


@dataclass(frozen=True, slots=True)
class RosterEvent:
    """A roster event, and the student whose changes must not overtake it (empty: of no single student)."""

    sourced: Sourced
    student_id: str


Decoded: TypeAlias = Incoming | RosterEvent | DeadLetter

_sources: dict[str, Source] = {}
_SOURCES_KEPT = 10_000


def decode(record: Record, arrived_at: datetime) -> Decoded:
    """Decode one record. Never raises about what the record says: the answer is a `DeadLetter` then."""
    try:
        event = from_kafka(record.value, record.headers)
        source = _source(event.source)
    except (InvalidEnvelope, InvalidSource) as error:
        return DeadLetter("invalid_envelope", str(error))
    if event.type in _THINGS:
        return _attempt(lambda: _change(event, source, record, arrived_at))
    if event.type in _ROSTER:
        return _attempt(lambda: _roster(event, source))
    return DeadLetter("unknown_type", "the type of the event is none that this topic carries")


def _attempt(decoding: Callable[[], Decoded]) -> Decoded:
    try:
        return decoding()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/" + "/".join(map(str, first["loc"]))
        return DeadLetter("invalid_data", f"{where}: {first['msg']}")
    except UnicodeDecodeError:
        return DeadLetter("invalid_data", "the data is not UTF-8")


def _change(event: CloudEvent, source: Source, record: Record, arrived_at: datetime) -> Decoded:
    model, group, id_field = _THINGS[event.type]
    # Postgres keeps no NUL in text: its escape becomes the replacement character, and nothing else is lost.
    data = event.data.replace(b"\\u0000", b"\\ufffd") if b"\\u0000" in event.data else event.data
    change = model.model_validate_json(data)
    if change.district_id != source.district_id:
        return DeadLetter("foreign_district", "/district_id: disagrees with the source of the event")
    key = ThingKey(group, change.student_id, getattr(change, id_field))
    ids = f"{key.student_id}{key.thing_id}{event.id}{change.school_id}{getattr(change, 'calendar_id', '')}"
    if "\x00" in ids or "\x1f" in ids:
        return DeadLetter("invalid_id", "an id contains a control character (U+0000 or U+001F)")
    return Incoming(
        source=source,
        event_source=event.source,
        event_id=event.id,
        key=key,
        change=change,
        data=data.decode(),
        backfill=event.backfill,
        accepted_at=datetime.fromtimestamp(record.timestamp / 1_000, UTC),
        arrived_at=arrived_at,
    )


def _roster(event: CloudEvent, source: Source) -> Decoded:
    data = _ROSTER[event.type].model_validate_json(event.data)
    if data.district_id != source.district_id:
        return DeadLetter("foreign_district", "/district_id: disagrees with the source of the event")
    return RosterEvent(Sourced(source, data), getattr(data, "student_id", ""))


def _source(text: str) -> Source:
    known = _sources.get(text)
    if known is None:
        if len(_sources) > _SOURCES_KEPT:
            _sources.clear()
        known = _sources[text] = parse_source(text)
    return known
