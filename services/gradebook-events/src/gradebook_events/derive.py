"""What some scopes of a source say now: their records from the store, through the domain, as things."""

import asyncio
from collections.abc import Mapping, Sequence

from gradebook_events.domain.oneroster.academic_sessions import NO_CALENDAR, Calendar, NoCalendar, calendar_of
from gradebook_events.domain.oneroster.agents import guardians
from gradebook_events.domain.oneroster.enrollments import Enrolled, enrolments
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.line_items import Section, assignments
from gradebook_events.domain.oneroster.names import FileName
from gradebook_events.domain.oneroster.orgs import organisations
from gradebook_events.domain.oneroster.students import school_of, student_roles, students
from gradebook_events.domain.oneroster.things import Thing, ThingKind
from gradebook_events.import_ports import Derivation, Job

ORGANISATIONS, STUDENTS, CLASSES = 1, 2, 3

KINDS: Mapping[int, tuple[ThingKind, ...]] = {
    ORGANISATIONS: (ThingKind.DISTRICT, ThingKind.SCHOOL),
    STUDENTS: (ThingKind.STUDENT, ThingKind.ENROLLMENT, ThingKind.PORTAL_ACCESS),
    CLASSES: (ThingKind.ASSIGNMENT,),
}
"""The kinds that each step derives, in the order in which they are published."""


class Deriver:
    """Derives for one run of one import; organisations and sessions are small and read once."""

    def __init__(self, job: Job, records: Derivation) -> None:
        self._job = job
        self._records = records
        self._orgs: Mapping[str, Entity] = {}
        self._sessions: Mapping[str, Entity] = {}

    async def load(self) -> None:
        """Read what every scope needs."""
        self._orgs = await self._records.whole(self._job, FileName.ORGS)
        self._sessions = await self._records.whole(self._job, FileName.ACADEMIC_SESSIONS)

    async def things(self, step: int, scopes: Sequence[str]) -> list[Thing]:
        """Return what these scopes say, by the step's kinds in order."""
        if step == ORGANISATIONS:
            return list(organisations(self._orgs.values()))
        if step == CLASSES:
            return await self._of_classes(scopes)
        return await self._of_students(scopes)

    async def _of_students(self, scopes: Sequence[str]) -> list[Thing]:
        job, records = self._job, self._records
        users = await records.by_id(job, FileName.USERS, scopes)
        agents = sorted({agent for user in users.values() for agent in user.list("agentSourcedIds")})
        everybody = {**users, **await records.by_id(job, FileName.USERS, agents)}
        roles = await records.of_users(job, FileName.ROLES, list(everybody))
        enrolled = await records.of_users(job, FileName.ENROLLMENTS, scopes)
        class_ids = sorted({row.text("classSourcedId") for rows in enrolled.values() for row in rows})
        classes = await records.by_id(job, FileName.CLASSES, class_ids)
        schools = frozenset(org.sourced_id for org in self._orgs.values() if org.text("type") == "school")
        found: list[Thing] = []
        for user in users.values():
            own_roles = student_roles(roles.get(user.sourced_id, ()))
            rows = [row for row in enrolled.get(user.sourced_id, ()) if row.text("role") == "student"]
            if not own_roles and not rows:
                continue
            spans = [Enrolled(row, self._calendar(classes.get(row.text("classSourcedId")))) for row in rows]
            found += students(user, school_of(user, own_roles, rows, schools))
            found += enrolments(user, spans, own_roles)
            found += guardians(user, everybody, roles, agents_have_portal=job.agents_have_portal)
        return found

    def _calendar(self, section: Entity | None) -> Calendar | NoCalendar:
        terms = section.list("termSourcedIds") if section is not None else ()
        return calendar_of(terms[0], self._sessions) if terms else NO_CALENDAR

    async def _of_classes(self, scopes: Sequence[str]) -> list[Thing]:
        job, records = self._job, self._records
        classes = await records.by_id(job, FileName.CLASSES, scopes)
        course_ids = sorted({row.text("courseSourcedId") for row in classes.values()})
        courses = await records.by_id(job, FileName.COURSES, course_ids)
        items = await records.of_classes(job, FileName.LINE_ITEMS, scopes)
        enrolled = await records.of_classes(job, FileName.ENROLLMENTS, scopes)
        results = await records.of_classes(job, FileName.RESULTS, scopes)
        found: list[Thing] = []
        for identifier, row in classes.items():
            course = courses.get(row.text("courseSourcedId"))
            section = Section(
                row,
                course.text("title") if course is not None else "",
                items.get(identifier, ()),
                enrolled.get(identifier, ()),
                results.get(identifier, ()),
            )
            # A class may have thousands: the thread leaves the event loop to those who wait for an answer.
            found += await asyncio.to_thread(list, assignments(section, self._sessions))
        return found
