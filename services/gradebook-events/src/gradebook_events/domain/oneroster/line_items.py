"""lineItems.csv: one `assignment.changed` per student enrolled in the class, scored or not (product.md 2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradebook_events.domain.oneroster.academic_sessions import Calendar, calendar_of
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.scores import UNSCORED, points_possible, scored
from gradebook_events.domain.oneroster.things import Json, Thing, ThingKind

_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Section:
    """One class with what its assignments need: the course's title, its rows of the four other files."""

    row: Entity
    course_name: str
    line_items: Sequence[Entity]
    enrollments: Sequence[Entity]
    results: Sequence[Entity]


def _students(section: Section) -> Mapping[str, Entity]:
    """Return the class's enrolment of each student; of several, a live one, else the latest."""
    chosen: dict[str, Entity] = {}
    for row in section.enrollments:
        if row.text("role") != "student":
            continue
        student = row.text("userSourcedId")
        before = chosen.get(student)
        if before is None or (before.live, before.modified_at) < (row.live, row.modified_at):
            chosen[student] = row
    return chosen


def _results(rows: Iterable[Entity]) -> Mapping[tuple[str, str], Entity]:
    """Return each student's result of each line item; of several, a live one, else the latest."""
    chosen: dict[tuple[str, str], Entity] = {}
    for row in rows:
        key = row.text("lineItemSourcedId"), row.text("studentSourcedId")
        before = chosen.get(key)
        if before is None or (before.live, before.modified_at) < (row.live, row.modified_at):
            chosen[key] = row
    return chosen


def _calendar_id(section: Section, item: Entity, sessions: Mapping[str, Entity]) -> str | None:
    terms = section.row.list("termSourcedIds")
    for session_id in (item.text("academicSessionSourcedId"), *terms[:1]):
        calendar = calendar_of(session_id, sessions)
        if isinstance(calendar, Calendar):
            return calendar.calendar_id
    return None


def _described(section: Section, item: Entity, sessions: Mapping[str, Entity]) -> Mapping[str, Json]:
    """Return the fields that all students of the class share."""
    return {
        "title": item.text("title")[:_TEXT],
        "section_id": section.row.sourced_id,
        "course_name": (section.course_name or section.row.text("title"))[:_TEXT],
        "calendar_id": _calendar_id(section, item, sessions),
        "assigned_on": item.text("assignDate") or None,
        "due_on": item.text("dueDate") or None,
        "points_possible": points_possible(item),
    }


def assignments(section: Section, sessions: Mapping[str, Entity]) -> Iterator[Thing]:
    """Return the assignments of a class, students in the order of their rows.

    The version is the later of line item and result; an enrolment or line item to be deleted deletes, and a
    result to be deleted takes its score away.
    """
    students = _students(section)
    results = _results(section.results)
    for item in section.line_items:
        shared = _described(section, item, sessions)
        for student_id, enrolment in students.items():
            result = results.get((item.sourced_id, student_id))
            said = [item] if result is None else [item, result]
            content = {
                **shared,
                **(scored(item, result) if result is not None and result.live else UNSCORED),
                "deleted": not (item.live and enrolment.live and section.row.live),
            }
            if content["deleted"]:
                said += [enrolment, section.row]
            yield Thing(
                ThingKind.ASSIGNMENT,
                section.row.sourced_id,
                student_id,
                {"student_id": student_id, "assignment_id": item.sourced_id},
                content,
                max(row.modified_at for row in said),
                {"school_id": enrolment.text("schoolSourcedId")},
            )
