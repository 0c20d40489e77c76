"""Changes of one student with the verdict on every user who has a tie to the student."""

from typing import Any

from bellwire_simulators.school_day.district import District, Student, User
from bellwire_simulators.school_day.names import WORK
from bellwire_simulators.school_day.plan import Change, Verdict


class ChangeWriter:
    """Writes a district's changes; the verdicts are those of users who set nothing but a threshold."""

    def __init__(self, district: District) -> None:
        self._users: dict[str, list[User]] = {}
        for user in district.users:
            for student_id in user.student_ids:
                self._users.setdefault(student_id, []).append(user)

    def _change(self, name: str, kind: str, student: Student, fields: dict[str, Any], **rule: Any) -> Change:
        users = self._users.get(student.student_id, [])
        verdicts = {user.user_id: _verdict(user, kind, **rule) for user in users}
        return Change(f"{name}-{student.student_id}", kind, student, fields, verdicts)

    def score(
        self,
        name: str,
        student: Student,
        percent: float,
        *,
        title: str = WORK[0],
        missing: bool = False,
        of: str = "",
    ) -> Change:
        """Return a score, or a missing assignment when `missing`; `of` an earlier change's assignment."""
        fields: dict[str, Any] = {"assignment_id": f"{of or name}-{student.student_id}", "title": title}
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
