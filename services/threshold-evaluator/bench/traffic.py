"""A district of any size and a stream of its changes, made fast: for measurements."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from bellwire_kit.postgres import Pool
from bellwire_kit.streams.protocol import Message
from bellwire_schemas import topics
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.keys import student_key
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source

SOURCE = Source("bench", Environment.PRODUCTION)
SCHOOLS = 50

_WATCHED = ("students", "enrollments", "portal_access", "user_settings")
"""Audiences are made of these; here once, at the end, not after each statement."""

_FILL = """
$DISABLE$
insert into districts (district_id, environment, name, timezone, own)
values ('bench', 'production', 'Bench', 'America/Chicago', '{"defaults": {"quiet_hours": "off",
        "groups": {"assignments": {"threshold": 65}, "grades": {"threshold": 65}}}}');
insert into schools (district_id, environment, school_id, name)
select 'bench', 'production', 'school-' || n, 'School ' || n from generate_series(0, 49) n;
insert into students (district_id, environment, student_id, school_id, display_name, modified_at)
select 'bench', 'production', 'student-' || n, 'school-' || n % 50, 'Student ' || n, timestamptz '2026-01-01Z'
from generate_series(0, $STUDENTS$ - 1) n;
insert into enrollments (district_id, environment, student_id, school_id, calendar_id, active, modified_at)
select 'bench', 'production', 'student-' || n, 'school-' || n % 50, 'cal', true, timestamptz '2026-01-01Z'
from generate_series(0, $STUDENTS$ - 1) n;
insert into portal_access (district_id, environment, student_id, user_id, role, portal, locale, modified_at)
select 'bench', 'production', 'student-' || n, 'parent-' || n, 'guardian', true, 'es', timestamptz '2026-01-01Z'
from generate_series(0, $STUDENTS$ - 1) n
union all
select 'bench', 'production', 'student-' || n, 'child-' || n, 'student', true, 'en', timestamptz '2026-01-01Z'
from generate_series(0, $STUDENTS$ - 1) n;
insert into user_settings (district_id, environment, user_id, document)
select 'bench', 'production', 'parent-' || n,
       jsonb_build_object('groups', jsonb_build_object('assignments', jsonb_build_object('threshold', 40 + n % 30)))
from generate_series(0, $STUDENTS$ - 1, 2) n;
$ENABLE$
analyze;
select refresh_audiences(array_agg(district_id), array_agg(environment), array_agg(student_id)) from students;
analyze audiences;
"""


async def fill(pool: Pool, students: int) -> None:
    """Fill an empty database: 50 schools, two users a student, every second guardian with a threshold."""
    off, on = (
        "".join(f"alter table {table} {verb} trigger user;" for table in _WATCHED)
        for verb in ("disable", "enable")
    )
    text = _FILL.replace("$STUDENTS$", str(students)).replace("$DISABLE$", off).replace("$ENABLE$", on)
    await pool.execute(text, timeout=3_600)


def changes(count: int, students: int, now: datetime, seed: int = 1) -> Iterator[Message]:
    """Yield changes of an ordinary day: scores above most thresholds, some flags, grades, marks, balances."""
    chance = random.Random(seed)  # noqa: S311  # reproducible traffic, no secret
    for number in range(count):
        student = chance.randrange(students)
        modified = (now - timedelta(minutes=5) + timedelta(microseconds=number)).isoformat()
        yield _message(chance, number, student, modified, now, seed)


def _message(
    chance: random.Random, number: int, student: int, modified: str, now: datetime, seed: int
) -> Message:
    head = (
        f'{{"district_id":"bench","student_id":"student-{student}","school_id":"school-{student % SCHOOLS}",'
        f'"modified_at":"{modified}","calendar_id":"cal",'
    )
    draw = chance.random()
    if draw < 0.7:
        name = "assignment"
        missing = "true" if chance.random() < 0.03 else "false"
        body = (
            f'"assignment_id":"a-{student}-{chance.randrange(30)}","title":"Chapter {number % 40} quiz",'
            f'"section_id":"sec-{number % 200}","course_name":"Algebra I","assigned_on":"2026-10-01",'
            f'"due_on":"2026-10-14","points_possible":20,"score_points":{chance.randint(13, 20)},'
            f'"missing":{missing}}}'
        )
    elif draw < 0.85:
        name = "grade"
        posted = "true" if chance.random() < 0.1 else "false"
        body = (
            f'"grade_id":"g-{student}-{chance.randrange(8)}","course_name":"Algebra I","term":"Q1",'
            f'"task":"Quarter grade","percent":{chance.randint(60, 100)},"letter":"B","posted":{posted}}}'
        )
    elif draw < 0.95:
        name = "attendance"
        status = "absent" if chance.random() < 0.06 else "present"
        body = (
            f'"attendance_id":"m-{student}-{chance.randrange(7)}","date":"2026-10-14","period":"2",'
            f'"course_name":"Algebra I","status":"{status}","excuse":"unknown"}}'
        )
    else:
        name = "lunch_balance"
        body = f'"account_id":"acc-{student}","balance":"{chance.randint(4, 60)}.50","currency":"USD"}}'
    event = CloudEvent(
        id=f"e-{seed}-{number}",
        source=str(SOURCE),
        type=f"bellwire.{name}.changed.v1",
        subject=f"students/student-{student}",
        time=now,
        data=(head + body).encode(),
    )
    value, headers = to_kafka(event)
    return Message(topics.CHANGE_EVENTS, student_key(SOURCE, f"student-{student}"), value, headers)
