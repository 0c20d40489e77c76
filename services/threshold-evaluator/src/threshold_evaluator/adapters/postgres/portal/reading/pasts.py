"""The last weeks of a user's students, as values that can be judged again: five queries, whatever the number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Connection, Pool
from bellwire_schemas.names import AttendanceStatus, Group, PortalRole

from threshold_evaluator.adapters.postgres.decide.codec import read_memory
from threshold_evaluator.adapters.postgres.decide.people import district_of, school_of, unknown_district
from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.adapters.postgres.portal.writing.settings import documents_of
from threshold_evaluator.domain.attendance import read_told
from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.judging import Turn
from threshold_evaluator.domain.memory import TellingKey, telling_key
from threshold_evaluator.domain.roster import District, Enrolment, Roster, School, Student, Watcher
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.domain.walls import local_day
from threshold_evaluator.preview import Past


class PostgresPasts:
    """See `threshold_evaluator.api.settings_preview.Pasts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def past(self, caller: Caller, since: datetime) -> Sequence[Past]:
        """See `Pasts.past`."""
        queries, scope = reading_queries(), of(caller)
        place = {"district_id": scope["district_id"], "environment": scope["environment"]}
        async with self._pool.acquire() as connection:
            seen = queries.past_students(connection, **scope)
            students = {row["student_id"]: student_of_row(caller.user_id, row) async for row in seen}
            changes = [
                row
                async for row in queries.past_changes(
                    connection,
                    **place,
                    student_ids=sorted(students),
                    first_day=since.astimezone(UTC).date() - timedelta(days=1),
                    since=since,
                )
            ]
            told = await told_before(connection, caller, [caller.user_id], since)
            roster = await roster_of(connection, caller, {row["school_id"] for row in changes}, students)
        return [past_of_row(row, roster, told) for row in changes]


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """What users had been told by a time: the value by telling, the statuses by (user, student, date) and mark."""

    values: Mapping[TellingKey, str]
    of_date: Mapping[tuple[str, str, date], Mapping[str, AttendanceStatus]]


async def told_before(
    connection: Connection, caller: Caller, users: Sequence[str], since: datetime
) -> ToldBefore:
    """Return what these users had been told before a time, whatever they were told since."""
    rows = reading_queries().past_told(
        connection,
        district_id=caller.source.district_id,
        environment=caller.source.environment.value,
        user_ids=list(users),
        before=since,
    )
    values: dict[TellingKey, str] = {}
    of_date: dict[tuple[str, str, date], dict[str, AttendanceStatus]] = {}
    async for row in rows:
        user, student, thing = row["user_id"], row["student_id"], row["thing_id"]
        values[ThingKey(Group(row["thing"]), student, thing), user] = row["value"]
        if row["thing"] == Group.ATTENDANCE:
            of_date.setdefault((user, student, row["on_date"]), {})[thing] = read_told(row["value"]).status
    return ToldBefore(values, of_date)


async def roster_of(
    connection: Connection, caller: Caller, schools: set[str], students: Mapping[str, Student]
) -> Roster:
    """Return what the caller's district and the schools named say now, with these students."""
    queries, source = reading_queries(), caller.source
    place = {"district_id": source.district_id, "environment": source.environment.value}
    row = await queries.past_district(connection, **place)
    district: District = (
        unknown_district(source)
        if row is None
        else district_of(source, row["name"], row["timezone"], row["settings"], row["version"])
    )
    found = queries.past_schools(connection, **place, school_ids=sorted(schools))
    described: dict[str, School] = {
        each["school_id"]: school_of(source, *each.values()) async for each in found
    }
    return Roster(district, described, students)


def student_of_row(user_id: str, row: Mapping[str, Any]) -> Student:
    """Return a student of a row of `past_students` with the one watcher that it is about."""
    watcher = Watcher(
        user_id,
        PortalRole(row["role"]),
        True,
        row["locale"] or "",
        row["timezone"] or "",
        documents_of(row["own"], row["of_student"]),
    )
    enrolments = tuple(
        Enrolment(school, calendar, _date(starts), _date(ends), active)
        for school, calendar, starts, ends, active in orjson.loads(row["enrolments"])
    )
    return Student(row["student_id"], row["school_id"], row["display_name"], enrolments, (watcher,))


def _date(text: str) -> date:
    return {"-infinity": date.min, "infinity": date.max}.get(text) or date.fromisoformat(text)


def past_of_row(row: Mapping[str, Any], roster: Roster, told: ToldBefore) -> Past:
    """Return the change of a row of `past_changes` in its place; `told` as `told_before` answers."""
    group, student = Group(row["thing"]), roster.students[row["student_id"]]
    turn = Turn(
        key=ThingKey(group, row["student_id"], row["thing_id"]),
        school_id=row["school_id"],
        calendar_id=row["calendar_id"],
        before=read_memory(group, row["memory_before"]),
        now=read_memory(group, row["memory_after"]),
        modified_at=row["modified_at"],
        arrived_at=row["arrived_at"],
        today=local_day(row["decided_at"], roster.district.timezone),
        district=roster.district,
        school=roster.school(row["school_id"]),
        student=student,
    )
    watcher = student.watchers[0]
    last = told.values.get(telling_key(turn.key, watcher.user_id), "")
    of_date = told.of_date.get((watcher.user_id, turn.key.student_id, turn.now.on), {})
    return Past(turn, Detection(row["detection"]), watcher, last, of_date)
