"""The families that the day follows by name: what rang on their phones, as the ledger has it."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from bellwire_simulators.school_day.casting import DIGEST_AT, GRACE_MINUTES, QUIET_FROM, QUIET_TO
from bellwire_simulators.school_day.district import Student, User
from bellwire_simulators.school_day.plan import Plan, Release

from bellwire_local.demo.due import Due, alert_of, carrier_of
from bellwire_local.demo.reckoning import Push


class Scenes:
    """Reads the pushes of the scenes' users; `due` says of those that were held when the hold ended."""

    def __init__(self, plan: Plan, pushes: Sequence[Push], due: Due) -> None:
        self._plan = plan
        ends = {str(alert): owed.since for (alert, _), owed in due.items() if not owed.at_once}
        self._told = {push.alert_id for push in pushes}
        self._early = {push.alert_id for push in pushes if push.at < ends.get(push.alert_id, push.at)}

    def _rang(self, name: str, student: Student, user: User) -> str:
        return self._of(alert_of(self._plan.district, f"{name}-{student.student_id}", user.user_id))

    def _of(self, alert: UUID) -> str:
        if str(alert) in self._early:
            return "rang too early"
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
        yield from self._timed()

    def _timed(self) -> Iterator[str]:
        scenes = self._plan.scenes
        user, student = scenes.slip
        slip, right = self._rang("slip", student, user), self._rang("slip-righted", student, user)
        yield f"grace of {GRACE_MINUTES} minutes: a slip of 9 {slip}, put right to 90 {right}"
        user, student = scenes.slip_below
        slip, right = self._rang("slip", student, user), self._rang("slip-righted", student, user)
        yield f"the same with threshold 70: a slip of 7 {slip}, put right to 87 {right}"
        user, _ = scenes.digest
        release = self._released(user)
        alone = {self._of(alert_of(self._plan.district, name, user.user_id)) for name in release.names}
        summary = self._of(carrier_of(self._plan.district, release))
        yield (
            f"daily digest at {DIGEST_AT}: {len(release.names)} facts of the day {' or '.join(sorted(alone))}, "
            f"one summary of them {summary}"
        )
        user, student = scenes.quiet
        held = self._rang("night", student, user)
        other, child, _ = scenes.two_children
        at_once = self._rang("night", child, other)
        yield (
            f"quiet hours from {QUIET_FROM}: a score at 21:30 waited and {held} at {QUIET_TO}; "
            f"for a family with the usual ones, from 22:00, it {at_once} at once"
        )

    def _released(self, user: User) -> Release:
        return next(
            release for act in self._plan.acts for release in act.releases if release.user_id == user.user_id
        )
