"""A record of the change topic as a value: a change of a thing, a roster event, or the reason it is neither."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeAlias

from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas.changes import (
    AssignmentChanged,
    AttendanceChanged,
    GradeChanged,
    LunchBalanceChanged,
    ScheduleChanged,
)
from bellwire_schemas.envelope import InvalidEnvelope
from bellwire_schemas.names import Group
from bellwire_schemas.roster import (
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import InvalidSource
from msgspec import DecodeError
from msgspec.json import Decoder
from pydantic import ValidationError

from threshold_evaluator.domain.changes import Assignment, Attendance, Change, Grade, LunchBalance
from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.envelopes import Envelope, envelope_of
from threshold_evaluator.project import RosterData, Sourced

_SHORT = 4_000
_finer = re.compile(rb"[.,][0-9]{7}").search
"""More digits than microseconds have."""


class _Thing:
    """How changes of one type are read: quickly, or by their contract."""

    def __init__(
        self,
        quick: type[Assignment | Grade | Attendance | LunchBalance],
        contract: type[AssignmentChanged | GradeChanged | AttendanceChanged | LunchBalanceChanged],
        group: Group,
        id_field: str,
    ) -> None:
        self._quickly = Decoder(quick).decode
        self._contract = contract
        self.group = group
        self.id_of: Callable[[Any], str] = attrgetter(id_field)

    def read(self, data: bytes) -> Change:
        """Read the data of an event. Raises `ValidationError` of its contract."""
        # What no contract of these looks at may still be no JSON to it: nested deep, or a number of a thousand
        # digits. A short flat object is neither. And of a second's fraction one rounds what the other cuts.
        if len(data) < _SHORT and data.count(b"{") == 1 and b"[" not in data and not _finer(data):
            try:
                change = self._quickly(data)
            except (DecodeError, UnicodeDecodeError):
                return self._contract.model_validate_json(data)
            if change.is_ordinary():
                return change
        return self._contract.model_validate_json(data)


_THINGS = {
    "bellwire.assignment.changed.v1": _Thing(
        Assignment, AssignmentChanged, Group.ASSIGNMENTS, "assignment_id"
    ),
    "bellwire.grade.changed.v1": _Thing(Grade, GradeChanged, Group.GRADES, "grade_id"),
    "bellwire.attendance.changed.v1": _Thing(
        Attendance, AttendanceChanged, Group.ATTENDANCE, "attendance_id"
    ),
    "bellwire.lunch_balance.changed.v1": _Thing(LunchBalance, LunchBalanceChanged, Group.LUNCH, "account_id"),
}
_ROSTER: dict[str, type[RosterData]] = {
    "bellwire.schedule.changed.v1": ScheduleChanged,
    "bellwire.student.changed.v1": StudentChanged,
    "bellwire.enrollment.changed.v1": EnrollmentChanged,
    "bellwire.portal_access.changed.v1": PortalAccessChanged,
    "bellwire.district.changed.v1": DistrictChanged,
    "bellwire.school.changed.v1": SchoolChanged,
}
_FOREIGN = DeadLetter("foreign_district", "/district_id: disagrees with the source of the event")
_INVALID_ID = DeadLetter("invalid_id", "an id contains a control character (U+0000 or U+001F)")
_ROSTER_IDS = ("student_id", "school_id", "calendar_id", "user_id")


@dataclass(frozen=True, slots=True)
class RosterEvent:
    """A roster event, and the student whose changes must not overtake it (empty: of no single student)."""

    sourced: Sourced
    student_id: str


Decoded: TypeAlias = Incoming | RosterEvent | DeadLetter


def decode(record: Record, arrived_at: datetime) -> Decoded:
    """Decode one record. Never raises about what the record says: the answer is a `DeadLetter` then."""
    try:
        envelope = envelope_of(record)
        thing = _THINGS.get(envelope.type)
        if thing is not None:
            return _change(thing, envelope, record, arrived_at)
        if envelope.type in _ROSTER:
            return _roster(envelope, record)
    except (InvalidEnvelope, InvalidSource) as error:
        return DeadLetter("invalid_envelope", str(error))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/" + "/".join(map(str, first["loc"]))
        return DeadLetter("invalid_data", f"{where}: {first['msg']}")
    except UnicodeDecodeError:
        return DeadLetter("invalid_data", "the data is not UTF-8")
    return DeadLetter("unknown_type", "the type of the event is none that this topic carries")


def _change(thing: _Thing, envelope: Envelope, record: Record, arrived_at: datetime) -> Decoded:
    # Postgres keeps no NUL in text: its escape becomes the replacement character, and nothing else is lost.
    data = record.value
    if b"\\u0000" in data:
        data = data.replace(b"\\u0000", b"\\ufffd")
    change = thing.read(data)
    if change.district_id != envelope.source.district_id:
        return _FOREIGN
    key = ThingKey(thing.group, change.student_id, thing.id_of(change))
    ids = f"{key.student_id}{key.thing_id}{envelope.event_id}{change.school_id}{getattr(change, 'calendar_id', '')}"
    if _unkept(ids):
        return _INVALID_ID
    return Incoming(
        envelope.source,
        envelope.event_source,
        envelope.event_id,
        key,
        change,
        data.decode(),
        envelope.backfill,
        datetime.fromtimestamp(record.timestamp / 1_000, UTC),
        arrived_at,
        envelope.traceparent,
    )


def _roster(envelope: Envelope, record: Record) -> Decoded:
    data = _ROSTER[envelope.type].model_validate_json(record.value)
    if data.district_id != envelope.source.district_id:
        return _FOREIGN
    if _unkept("".join(getattr(data, name, None) or "" for name in _ROSTER_IDS)):
        return _INVALID_ID
    return RosterEvent(Sourced(envelope.source, data), getattr(data, "student_id", ""))


def _unkept(ids: str) -> bool:
    """Whether one of these ids, joined, has a character that the tables, or columns packed for them, cannot keep."""
    return "\x00" in ids or "\x1f" in ids
