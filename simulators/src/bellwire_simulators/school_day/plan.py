"""The day's plan: acts with their changes, and for each change which users are due an alert, and why not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from bellwire_simulators.school_day.district import ALWAYS, District, Student, User
from bellwire_simulators.school_day.names import WORK


class Verdict(StrEnum):
    """What one user is due for one change, by the plain words of the product's rules."""

    DUE = "due"
    NO_PORTAL = "the user has no portal access to the student"
    ABOVE_THRESHOLD = "the score is not below the user's threshold"
    LUNCH_TO_STUDENT = "lunch alerts are off for students unless they turn them on"
    ALREADY_TOLD = "the account was below its threshold already, and the user was told"


@dataclass(frozen=True, slots=True)
class Change:
    """One change event to publish: `name` is its id's last part, `fields` its data beside the usual ones."""

    name: str
    kind: str
    student: Student
    fields: dict[str, Any]
    verdicts: dict[str, Verdict]


@dataclass(frozen=True, slots=True)
class Act:
    """What happens at one time of the day. `at` is the district's local time, HH:MM."""

    at: str
    title: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Scenes:
    """The families that the day follows by name, and that no crowd touches."""

    threshold: tuple[User, Student]
    two_children: tuple[User, Student, Student]
    no_portal: tuple[User, Student]
    marked: tuple[User, Student]
    lunch: tuple[User, Student]

    def student_ids(self) -> set[str]:
        """Return every student of these families."""
        users = (self.threshold[0], self.two_children[0], self.no_portal[0], self.marked[0], self.lunch[0])
        return {student_id for user in users for student_id in user.student_ids}


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole day."""

    district: District
    scenes: Scenes
    acts: Sequence[Act] = field(default_factory=tuple)

    def changes(self) -> Iterator[Change]:
        """Yield every change in the order of the day."""
        for act in self.acts:
            yield from act.changes

    def verdicts(self) -> dict[Verdict, int]:
        """Return how many (change, user) have each verdict."""
        counted = Counter(verdict for change in self.changes() for verdict in change.verdicts.values())
        return {verdict: counted[verdict] for verdict in Verdict}


class _Cast:
    """Finds users for the scenes, each of a family of its own."""

    def __init__(self, district: District) -> None:
        self._district = district
        self._by_id = {student.student_id: student for student in district.students}
        self._taken: set[str] = set()

    def pick(
        self, *, children: int = 1, portal: bool = True, threshold: int = ALWAYS
    ) -> tuple[User, list[Student]]:
        """Return the first guardian with phones who fits and whose family is not taken."""
        for user in self._district.users:
            fits = user.role == "guardian" and user.phones and user.portal is portal
            fits = fits and user.threshold == threshold and len(user.student_ids) >= children
            if fits and self._taken.isdisjoint(user.student_ids):
                self._taken.update(user.student_ids)
                return user, [self._by_id[student_id] for student_id in user.student_ids]
        raise LookupError("the district is too small for the scenes: give it at least 200 students")


def _scenes(district: District) -> Scenes:
    cast = _Cast(district)
    threshold, below = cast.pick(threshold=70)
    parent, children = cast.pick(children=2)
    stranger, unseen = cast.pick(portal=False)
    watcher, marked = cast.pick()
    payer, eater = cast.pick()
    return Scenes(
        threshold=(threshold, below[0]),
        two_children=(parent, children[0], children[1]),
        no_portal=(stranger, unseen[0]),
        marked=(watcher, marked[0]),
        lunch=(payer, eater[0]),
    )


class ChangeWriter:
    """Writes changes with the verdict on every user who has a tie to the student."""

    def __init__(self, district: District) -> None:
        self._users: dict[str, list[User]] = {}
        for user in district.users:
            for student_id in user.student_ids:
                self._users.setdefault(student_id, []).append(user)

    def _change(self, name: str, kind: str, student: Student, fields: dict[str, Any], **rule: Any) -> Change:
        users = self._users.get(student.student_id, [])
        verdicts = {user.user_id: _verdict(user, kind, **rule) for user in users}
        return Change(f"{name}-{student.student_id}", kind, student, fields, verdicts)

    def score(self, name: str, student: Student, percent: float, *, missing: bool = False) -> Change:
        """Return a score, or a missing assignment when `missing`."""
        fields: dict[str, Any] = {"assignment_id": f"{name}-{student.student_id}", "title": WORK[0]}
        fields |= {"course_name": "Algebra I"}
        if missing:
            return self._change(name, "assignment", student, fields | {"missing": True})
        return self._change(name, "assignment", student, fields | {"score_percent": percent}, percent=percent)

    def mark(self, name: str, student: Student, status: str, date: str) -> Change:
        """Return the whole-day attendance mark of a student with its present status."""
        fields = {
            "attendance_id": f"day-{student.student_id}",
            "date": date,
            "status": status,
            "excuse": "unknown",
        }
        return self._change(name, "attendance", student, fields)

    def balance(self, name: str, student: Student, amount: str, *, told: bool = False) -> Change:
        """Return a lunch balance; `told` when the family knows already that it is low."""
        fields = {"account_id": student.account_id, "balance": amount, "currency": "USD"}
        return self._change(name, "lunch_balance", student, fields, told=told)

    def grade(self, name: str, student: Student, percent: float) -> Change:
        """Return a posted quarter grade."""
        fields = {
            "grade_id": f"q1-{student.student_id}",
            "term": "Q1",
            "task": "Quarter grade",
            "percent": percent,
        }
        fields |= {"course_name": "Algebra I", "letter": "B", "posted": True}
        return self._change(name, "grade", student, fields)


def _verdict(user: User, kind: str, *, percent: float = 0.0, told: bool = False) -> Verdict:
    if not user.portal:
        return Verdict.NO_PORTAL
    if kind == "lunch_balance" and user.role == "student":
        return Verdict.LUNCH_TO_STUDENT
    if kind == "lunch_balance" and told:
        return Verdict.ALREADY_TOLD
    if kind == "assignment" and percent >= user.threshold:
        return Verdict.ABOVE_THRESHOLD
    return Verdict.DUE


def make_plan(district: District, date: str, scale: float = 1.0, seed: int = 11) -> Plan:
    """Return the day of a date (YYYY-MM-DD). `scale` multiplies the crowd; the scenes are always there."""
    random = Random(seed)  # noqa: S311 (a made-up day, no secret)
    scenes = _scenes(district)
    crowd = [student for student in district.students if student.student_id not in scenes.student_ids()]
    write = ChangeWriter(district)

    def some(share: float) -> list[Student]:
        return random.sample(crowd, min(len(crowd), max(1, round(len(crowd) * share * scale))))

    morning = [write.mark("bell", s, random.choice(("tardy", "absent")), date) for s in some(0.05)]
    scores = [write.score("quiz", s, round(random.uniform(40, 100), 2)) for s in some(0.3)]
    lunches = [write.balance("noon", s, f"{random.uniform(-5, 9.99):.2f}") for s in some(0.06)]
    grades = [write.grade("report", s, round(random.uniform(50, 100), 1)) for s in some(0.1)]
    _, low = scenes.threshold
    _, first, second = scenes.two_children
    marked, eater, unseen = scenes.marked[1], scenes.lunch[1], scenes.no_portal[1]
    return Plan(
        district,
        scenes,
        (
            Act("08:50", "First bell", [*morning, write.mark("bell", marked, "tardy", date)]),
            Act("10:30", "Scores are in, and a mark is put right", [
                *scores,
                write.score("quiz-82", low, 82.0),
                write.score("essay", first, 0.0, missing=True),
                write.score("essay", second, 91.5),
                write.score("quiz", unseen, 55.0),
                write.mark("bell-corrected", marked, "absent", date),
            ]),
            Act("11:15", "Essays come back", [write.score("essay-64", low, 64.0)]),
            Act("12:20", "Lunch", [*lunches, write.balance("noon", eater, "9.75")]),
            Act("12:40", "Second helping", [write.balance("seconds", eater, "8.50", told=True)]),
            Act("14:30", "Quarter grades are posted", grades),
        ),
    )  # fmt: skip
