"""The families that the day follows by name: what rang on their phones, as the ledger has it."""

from collections.abc import Iterator, Sequence

from bellwire_schemas.ids import alert_id
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_simulators.school_day.district import Student, User
from bellwire_simulators.school_day.plan import Plan

from bellwire_local.demo.reckoning import Push


class Scenes:
    """Reads the pushes of the scenes' users."""

    def __init__(self, plan: Plan, pushes: Sequence[Push]) -> None:
        self._plan = plan
        self._source = Source(plan.district.district_id, Environment.PRODUCTION)
        self._told = {push.alert_id for push in pushes}

    def _rang(self, name: str, student: Student, user: User) -> str:
        event_id = f"{name}-{student.student_id}"
        alert = alert_id(self._source, str(self._source), event_id, user.user_id)
        return "rang" if str(alert) in self._told else "stayed quiet"

    def lines(self) -> Iterator[str]:
        """Yield one line a scene."""
        scenes = self._plan.scenes
        user, student = scenes.threshold
        high, low = self._rang("quiz-82", student, user), self._rang("essay-64", student, user)
        yield f"threshold 70: a score of 82 {high}, one of 64 {low}"
        user, student = scenes.marked
        tardy, absent = self._rang("bell", student, user), self._rang("bell-corrected", student, user)
        yield f"attendance: tardy {tardy}, put right to absent {absent}"
        user, student = scenes.lunch
        below, again = self._rang("noon", student, user), self._rang("seconds", student, user)
        yield f"lunch: 9.75 {below}, 8.50 after it {again}"
        user, first, second = scenes.two_children
        one, other = self._rang("essay", first, user), self._rang("essay", second, user)
        yield f"two children, one guardian: {one} for one, {other} for the other"
        user, student = scenes.no_portal
        yield f"no portal access: a score of 55 {self._rang('quiz', student, user)}"
