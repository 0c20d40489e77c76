"""enrollments.csv and student roles: one `enrollment.changed` per student, school and calendar."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gradebook_events.domain.oneroster.academic_sessions import Calendar, NoCalendar
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.things import Thing, ThingKind


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One row of enrollments.csv of a student, with the calendar of its class."""

    row: Entity
    calendar: Calendar | NoCalendar


@dataclass(frozen=True, slots=True)
class _Span:
    """One reason why a student is at a school; blank dates are those of the calendar, or open."""

    school_id: str
    calendar_id: str
    starts_on: str
    ends_on: str
    live: bool
    modified_at: datetime


def _span(row: Entity, school_id: str, calendar: Calendar | NoCalendar) -> _Span:
    starts, ends, calendar_id = row.text("beginDate"), row.text("endDate"), ""
    if isinstance(calendar, Calendar):
        calendar_id = calendar.calendar_id
        starts = starts or _text(calendar.starts_on)
        ends = ends or _text(calendar.ends_on)
    return _Span(school_id, calendar_id, starts, ends, row.live, row.modified_at)


def _text(day: date) -> str:
    return day.isoformat()


def _merged(student_id: str, spans: Sequence[_Span], student_live: bool) -> Thing:
    """Merge the spans of one school and calendar: in session from the first begin to the last end."""
    live = [span for span in spans if span.live] or list(spans)
    starts = "" if any(not span.starts_on for span in live) else min(span.starts_on for span in live)
    ends = "" if any(not span.ends_on for span in live) else max(span.ends_on for span in live)
    return Thing(
        ThingKind.ENROLLMENT,
        student_id,
        student_id,
        {"student_id": student_id, "school_id": spans[0].school_id, "calendar_id": spans[0].calendar_id},
        {
            "starts_on": starts or None,
            "ends_on": ends or None,
            "active": student_live and any(span.live for span in spans),
        },
        max(span.modified_at for span in spans),
    )


def enrolments(user: Entity, enrolled: Iterable[Enrolled], roles: Iterable[Entity]) -> Iterator[Thing]:
    """Return a student's enrolments, one per school and calendar.

    Classes say more than roles: a student role counts only at a school where no class enrols the student.
    OneRoster's end dates are taken as the last day.
    """
    spans = [_span(e.row, e.row.text("schoolSourcedId"), e.calendar) for e in enrolled]
    schools = {span.school_id for span in spans}
    spans += [
        _span(role, role.text("orgSourcedId"), NoCalendar())
        for role in roles
        if role.text("orgSourcedId") not in schools
    ]
    groups: dict[tuple[str, str], list[_Span]] = {}
    for span in spans:
        groups.setdefault((span.school_id, span.calendar_id), []).append(span)
    for group in groups.values():
        yield _merged(user.sourced_id, group, user.live)
