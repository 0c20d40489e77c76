"""The district of the school day: schools, classes, students, guardians and phones, the same each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from bellwire_simulators.school_day.names import COURSES, FAMILY, GIVEN, SCRIPTS

Platform = Literal["ios", "android"]


@dataclass(frozen=True, slots=True)
class School:
    """A school; `starts` and `ends` are its bells, local time."""

    school_id: str
    name: str
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Section:
    """A class of a course at a school."""

    section_id: str
    school_id: str
    course: str
    student_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Student:
    """A student with an account for lunch."""

    student_id: str
    school_id: str
    name: tuple[str, str]
    grade_level: int

    @property
    def account_id(self) -> str:
        """The lunch account."""
        return f"lunch-{self.student_id}"


@dataclass(frozen=True, slots=True)
class User:
    """A portal user with phones. `threshold` is the score below which to tell; 101 stands for always.

    `portal` is whether the district lets the user see the students at all.
    """

    user_id: str
    role: Literal["guardian", "student"]
    name: tuple[str, str]
    student_ids: tuple[str, ...]
    portal: bool
    threshold: int
    locale: str
    phones: tuple[Platform, ...]


@dataclass(frozen=True, slots=True)
class District:
    """All of it. Ids are positions, so that two runs speak of the same people."""

    district_id: str
    name: str
    state: str
    timezone: str
    schools: Sequence[School]
    sections: Sequence[Section]
    students: Sequence[Student]
    users: Sequence[User]

    def users_of(self, student_id: str) -> list[User]:
        """Return the users with any tie to a student, with the portal flag or without."""
        return [user for user in self.users if student_id in user.student_ids]


ALWAYS = 101

_SCHOOLS = (
    School("lincoln-ms", "Lincoln Middle School", "08:05", "15:10"),
    School("riverside-hs", "Riverside High School", "07:40", "14:50"),
    School("oak-hill-es", "Oak Hill Elementary — Escuela del Roble", "08:30", "15:30"),
)


def make_district(students: int = 1_500, seed: int = 7, district_id: str = "maple-county") -> District:
    """Return the district with that many students; the same seed gives the same people."""
    random = Random(seed)  # noqa: S311 (made-up people, no secret)
    enrolled = [_student(n, random) for n in range(students)]
    return District(
        district_id=district_id,
        name="Maple County Schools",
        state="IL",
        timezone="America/Chicago",
        schools=_SCHOOLS,
        sections=_sections(enrolled),
        students=enrolled,
        users=_users(enrolled, random),
    )


def _student(number: int, random: Random) -> Student:
    school = _SCHOOLS[number % len(_SCHOOLS)]
    given = random.choice(GIVEN) if number % 25 else random.choice(SCRIPTS)
    return Student(f"s-{number:05}", school.school_id, (given, random.choice(FAMILY)), 3 + number % 10)


def _sections(students: Sequence[Student]) -> list[Section]:
    sections: list[Section] = []
    for school in _SCHOOLS:
        members = [student.student_id for student in students if student.school_id == school.school_id]
        for index in range(0, len(members), 30):
            course = COURSES[(index // 30) % len(COURSES)]
            name = f"sec-{school.school_id}-{index // 30}"
            sections.append(Section(name, school.school_id, course, tuple(members[index : index + 30])))
    return sections


def _users(students: Sequence[Student], random: Random) -> list[User]:
    """One guardian a family of one to three children, a second in half of them, and every tenth student."""
    users: list[User] = []
    index = family = 0
    while index < len(students):
        size = random.choice((1, 1, 2, 2, 3))
        children = tuple(student.student_id for student in students[index : index + size])
        for parent in range(random.choice((1, 2))):
            users.append(_guardian(f"g-{family:05}-{parent}", children, random))
        index, family = index + size, family + 1
    users.extend(
        User(
            f"u-{student.student_id}",
            "student",
            student.name,
            (student.student_id,),
            True,
            ALWAYS,
            "en",
            ("ios",),
        )
        for student in students[::10]
    )
    return users


def _guardian(user_id: str, children: tuple[str, ...], random: Random) -> User:
    phones: tuple[Platform, ...] = random.choice(
        (("ios",), ("android",), ("ios", "android"), ("android",), ())
    )
    return User(
        user_id=user_id,
        role="guardian",
        name=(random.choice(GIVEN), random.choice(FAMILY)),
        student_ids=children,
        portal=random.random() < 0.9,
        threshold=random.choice((ALWAYS, ALWAYS, ALWAYS, 70, 60)),
        locale=random.choice(("en", "en", "es")),
        phones=phones,
    )
