"""Every event type with its model, the topic that carries it, and what its subject names."""

from dataclasses import dataclass
from typing import Literal

from bellwire_schemas import alerts, changes, deliveries, roster, topics, updates
from bellwire_schemas.fields import Contract
from bellwire_schemas.names import DeliveryOutcome, RequestStatus

SubjectKind = Literal["students", "schools", "districts", "users", "sites"]


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type: `name` is its CloudEvents `type`; `subject` what its subject names, by `id_field`."""

    name: str
    model: type[Contract]
    topic: str
    subject: SubjectKind
    id_field: str
    thing_field: str


def _type(name: str) -> str:
    return f"bellwire.{name}.v1"


def _incoming(
    name: str, model: type[Contract], topic: str, subject: SubjectKind, id_field: str, thing_field: str
) -> EventType:
    return EventType(_type(name), model, topic, subject, id_field, thing_field)


_CHANGE, _ROSTER = topics.CHANGE_EVENTS, topics.ROSTER_EVENTS

INCOMING: dict[str, EventType] = {
    entry.name: entry
    for entry in (
        _incoming(
            "assignment.changed",
            changes.AssignmentChanged,
            _CHANGE,
            "students",
            "student_id",
            "assignment_id",
        ),
        _incoming("grade.changed", changes.GradeChanged, _CHANGE, "students", "student_id", "grade_id"),
        _incoming(
            "attendance.changed",
            changes.AttendanceChanged,
            _CHANGE,
            "students",
            "student_id",
            "attendance_id",
        ),
        _incoming(
            "lunch_balance.changed",
            changes.LunchBalanceChanged,
            _CHANGE,
            "students",
            "student_id",
            "account_id",
        ),
        _incoming(
            "schedule.changed", changes.ScheduleChanged, _CHANGE, "students", "student_id", "student_id"
        ),
        _incoming("student.changed", roster.StudentChanged, _CHANGE, "students", "student_id", "student_id"),
        _incoming(
            "enrollment.changed", roster.EnrollmentChanged, _CHANGE, "students", "student_id", "student_id"
        ),
        _incoming(
            "portal_access.changed", roster.PortalAccessChanged, _CHANGE, "students", "student_id", "user_id"
        ),
        _incoming("school.changed", roster.SchoolChanged, _ROSTER, "schools", "school_id", "school_id"),
        _incoming(
            "district.changed", roster.DistrictChanged, _ROSTER, "districts", "district_id", "district_id"
        ),
    )
}
"""What a publisher may send (product.md section 2), by CloudEvents `type`."""

ALERT_REQUESTED = _type("alert.requested")
ALERT_WITHDRAWN = _type("alert.withdrawn")
INBOX_CHANGED = _type("inbox.changed")
USER_ERASED = _type("user.erased")
DEVICE_REMOVED = _type("device.removed")


def delivery_type(outcome: DeliveryOutcome) -> str:
    """Return the event type of a delivery's outcome."""
    return _type(f"delivery.{outcome.value}")


def update_type(status: RequestStatus | Literal["cancelled"]) -> str:
    """Return the event type of a transition, by the status after it."""
    word = status.value if isinstance(status, RequestStatus) else status
    return _type(f"update-request.{word}")


def _internal() -> list[EventType]:
    a, d, u = topics.ALERTS, topics.DELIVERIES, topics.UPDATE_EVENTS
    entries = [
        EventType(ALERT_REQUESTED, alerts.AlertRequested, a, "users", "user_id", "alert_id"),
        EventType(ALERT_WITHDRAWN, alerts.AlertWithdrawn, a, "users", "user_id", "alert_id"),
        EventType(INBOX_CHANGED, alerts.InboxChanged, a, "users", "user_id", "user_id"),
        EventType(USER_ERASED, alerts.UserErased, a, "users", "user_id", "user_id"),
        EventType(DEVICE_REMOVED, deliveries.DeviceRemoved, d, "users", "user_id", "installation_id"),
    ]
    entries.extend(
        EventType(delivery_type(o), deliveries.DeliveryReported, d, "users", "user_id", "delivery_id")
        for o in DeliveryOutcome
    )
    statuses: list[RequestStatus | Literal["cancelled"]] = [*RequestStatus, "cancelled"]
    entries.extend(
        EventType(update_type(s), updates.UpdateRequestMoved, u, "sites", "site_id", "request_id")
        for s in statuses
    )
    return entries


TRACED = frozenset({ALERT_REQUESTED, *map(delivery_type, DeliveryOutcome)})
"""The types that carry on the `traceparent` of the change they came of."""

CATALOGUE: dict[str, EventType] = {**INCOMING, **{entry.name: entry for entry in _internal()}}
"""Every event type of Bellwire, by CloudEvents `type`."""
