"""A household in memory: what stands between batches and releases, as the database keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bellwire_schemas.names import AttendanceStatus, Group
from msgspec.structs import replace
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.attendance import read_told
from threshold_evaluator.domain.deciding import Deciding
from threshold_evaluator.domain.detecting import Detected, Incoming, detect
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.memory import Memory, TellingKey
from threshold_evaluator.domain.plan import Plan, Telling
from threshold_evaluator.domain.releasing import Releasing
from threshold_evaluator.domain.roster import Roster
from threshold_evaluator.domain.things import ThingKey, ThingState

from .worlds import NOON


@dataclass
class Household:
    """One district's roster and what was written; time passes by hand."""

    roster: Roster
    now: datetime = NOON
    states: dict[ThingKey, ThingState] = field(default_factory=dict)
    told: dict[TellingKey, tuple[str, date]] = field(default_factory=dict)
    unsent: dict[TellingKey, DueAlert] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    detected: list[Detected] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def __post_init__(self) -> None:
        watching = [watcher for student in self.roster.students.values() for watcher in student.watchers]
        self.accounts = {watcher.user_id: Account(watcher.user_id) for watcher in watching}

    def take(self, batch: Sequence[Incoming]) -> None:
        """Evaluate a batch, as `evaluate.py` does: detection of all of it, then decisions."""
        memory = Memory(
            dict(self.states),
            {telling: value for telling, (value, _) in self.told.items()},
            self._told_of_date(),
            {telling: (due.first_at, due.grace_until) for telling, due in self.unsent.items()},
            self._account_moments(),
        )
        found = [detect(each, self.roster, memory, self.now) for each in batch]
        deciding = Deciding(dict(self.unsent), self.accounts, self.now)
        for each in found:
            if isinstance(each, Detected):
                deciding.take(each)
                self.detected.append(each)
        self.states = memory.states
        self._write(deciding.plan, memory.retold)

    def release(self) -> None:
        """Look at all that is due, as `release.py` does."""
        due = [each for each in self.unsent.values() if each.wake_at <= self.now]
        releasing = Releasing(
            self.roster, self._newest(), self.accounts, self.now, told_of_date=self._told_of_date()
        )
        self._write(releasing.take(due), {})

    def pass_time(self, **span: float) -> None:
        """Move the clock."""
        self.now += timedelta(**span)

    def finish(self, hours: int = 48) -> None:
        """Let hours pass, releasing what is due in each."""
        for _ in range(hours):
            self.pass_time(hours=1)
            self.release()

    def reached(self, after: int = 0) -> list[Telling]:
        """Return all that entered the inbox or went to the phone, in order; of the plans after so many."""
        return [
            telling
            for plan in self.plans[after:]
            for telling in (
                *plan.inbox,
                *(push.telling for push in plan.pushes),
                *(member for summary in plan.summaries for member in summary.members),
            )
        ]

    def record(self) -> list[Any]:
        """Return what came of everything, however it was cut into batches."""
        phone = [
            sorted((member.due.event_id, member.due.kinds) for member in members)
            for plan in self.plans
            for members in (
                *((push.telling,) for push in plan.pushes),
                *(summary.members for summary in plan.summaries),
            )
        ]
        decided = [
            (each.event_id, each.user_id, each.kinds, each.outcome, each.reason)
            for plan in self.plans
            for each in plan.decisions
        ]
        settled = [
            (each.due.event_id, each.due.user_id, each.became) for plan in self.plans for each in plan.settled
        ]
        entered = [(each.due.event_id, each.due.user_id) for plan in self.plans for each in plan.inbox]
        return [sorted(map(repr, phone)), sorted(decided), sorted(settled), sorted(entered), self.told]

    def _newest(self) -> dict[ThingKey, ThingState]:
        """Return the states, of a lunch account the newest whichever of its students it is of."""
        moments = self._account_moments()
        newest = {
            key.thing_id: state
            for key, state in self.states.items()
            if key.group is Group.LUNCH and state.modified_at == moments[key.thing_id]
        }
        return {
            key: replace(newest[key.thing_id], key=key) if key.group is Group.LUNCH else state
            for key, state in self.states.items()
        }

    def _account_moments(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for key, state in self.states.items():
            if key.group is Group.LUNCH:
                found[key.thing_id] = max(state.modified_at, found.get(key.thing_id, state.modified_at))
        return found

    def _told_of_date(self) -> dict[tuple[str, object, str], dict[str, AttendanceStatus]]:
        found: dict[tuple[str, object, str], dict[str, AttendanceStatus]] = {}
        for (key, user), (value, on) in self.told.items():
            if key.group is Group.ATTENDANCE:
                found.setdefault((key.student_id, on, user), {})[key.thing_id] = read_told(value).status
        return found

    def _write(self, plan: Plan, retold: dict[TellingKey, tuple[str, ThingState]]) -> None:
        for settled in plan.settled:
            self._forget(settled.due)
        for push in plan.pushes:
            self._forget(push.telling.due)
        for summary in plan.summaries:
            for member in summary.members:
                self._forget(member.due)
        for due in plan.held.values():
            self.unsent[_telling(due)] = due
        for telling, (value, state) in {**plan.told, **retold}.items():
            self.told[telling] = (value, state.content.on)
        self.plans.append(plan)

    def _forget(self, due: DueAlert) -> None:
        if self.unsent.get(_telling(due), due).alert_id == due.alert_id:
            self.unsent.pop(_telling(due), None)


def _telling(due: DueAlert) -> TellingKey:
    key = ThingKey(due.group, "", due.key.thing_id) if due.group is Group.LUNCH else due.key
    return key, due.user_id
