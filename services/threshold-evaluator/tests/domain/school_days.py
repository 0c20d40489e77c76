"""A family of two children at two schools and its phone: events, a pause, a clock that stops where something is due."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from bellwire_schemas.names import Group
from msgspec.structs import replace
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.changes import Change
from threshold_evaluator.domain.deciding import Deciding
from threshold_evaluator.domain.detecting import Detected, Incoming, detect
from threshold_evaluator.domain.documents import read_school
from threshold_evaluator.domain.due import NEVER, DueAlert
from threshold_evaluator.domain.effective import Delivery
from threshold_evaluator.domain.memory import Memory, TellingKey, telling_key
from threshold_evaluator.domain.plan import Plan, Telling
from threshold_evaluator.domain.releasing import Releasing
from threshold_evaluator.domain.roster import Bells, Enrolment, Roster, School, Student
from threshold_evaluator.domain.things import ThingKey

from .worlds import CHICAGO, NOON, SOURCE, plain_district, plain_watcher

_WEEKDAYS = frozenset({1, 2, 3, 4, 5})
_SCHOOLS = {
    "north": School("north", "North", CHICAGO, Bells(time(8), time(15), _WEEKDAYS), read_school({})),
    "south": School("south", "South", CHICAGO, Bells(time(9, 30), time(16), _WEEKDAYS), read_school({})),
}
SCHOOL_OF = {"mia": "north", "leo": "south"}


@dataclass(frozen=True)
class Shown:
    """What one push told, and when."""

    at: datetime
    members: tuple[Telling, ...]

    @property
    def counted(self) -> Sequence[Telling]:
        """Those that the cap and a coalescing window know of: no digest's."""
        return [
            each
            for each in self.members
            if each.due.delivery is Delivery.IMMEDIATE and (each.due.capped_at == NEVER or each.due.mandatory)
        ]


@dataclass
class Family:
    """One guardian with settings of a kind, in a district of a kind, from a Wednesday noon on."""

    own: dict[str, Any]
    place: dict[str, Any]
    now: datetime = NOON
    account: Account = field(default_factory=lambda: Account("u"))
    memory: Memory = field(default_factory=Memory)
    unsent: dict[TellingKey, DueAlert] = field(default_factory=dict)
    events: int = 0
    phone: list[Shown] = field(default_factory=list)

    def pause(self, paused: bool) -> None:
        """Pause or resume: what waits is looked at again, never before its grace is over."""
        self.place = {**self.place, "paused": paused}
        self.unsent = {
            key: replace(due, due_at=max(self.now, due.grace_until)) for key, due in self.unsent.items()
        }

    def take(self, change: Change, group: Group, thing: str) -> None:
        """Let one event happen, a second after whatever was before."""
        self.events += 1
        self.now += timedelta(seconds=1)
        newer = change.model_copy(update={"modified_at": self.now})
        key = ThingKey(group, change.student_id, thing)
        event = Incoming(
            SOURCE,
            str(SOURCE),
            f"e{self.events}",
            key,
            newer,
            newer.model_dump_json(),
            False,
            self.now,
            self.now,
        )
        self.memory.grace = {each: (due.first_at, due.grace_until) for each, due in self.unsent.items()}
        detected = detect(event, self._roster(), self.memory, self.now)
        assert isinstance(detected, Detected)
        deciding = Deciding(self.unsent, {"u": self.account}, self.now)
        deciding.take(detected)
        self._keep(deciding.plan)

    def until(self, end: datetime) -> None:
        """Let time pass; release whatever falls due on the way, at its time."""
        while self.unsent and (soonest := min(due.wake_at for due in self.unsent.values())) <= end:
            self.now = max(self.now, soonest)
            due = [each for each in self.unsent.values() if each.wake_at <= self.now]
            plan = Releasing(self._roster(), self.memory.states, {"u": self.account}, self.now).take(due)
            for each in due:
                del self.unsent[telling_key(each.key, "u")]
            for each in plan.held.values():
                assert each.wake_at > self.now, "it would be looked at for ever"
                self.unsent[telling_key(each.key, "u")] = each
            self._keep(plan)
        self.now = max(self.now, end)

    def _roster(self) -> Roster:
        watcher = plain_watcher("u", self.own)
        always = {
            name: (Enrolment(school, "", date.min, date.max, True),) for name, school in SCHOOL_OF.items()
        }
        students = {
            name: Student(name, school, name.title(), always[name], (watcher,))
            for name, school in SCHOOL_OF.items()
        }
        return Roster(plain_district(self.place), _SCHOOLS, students)

    def _keep(self, plan: Plan) -> None:
        self.memory.told.update({telling: value for telling, (value, _) in plan.told.items()})
        self.phone += [Shown(self.now, (push.telling,)) for push in plan.pushes]
        self.phone += [Shown(self.now, summary.members) for summary in plan.summaries]
