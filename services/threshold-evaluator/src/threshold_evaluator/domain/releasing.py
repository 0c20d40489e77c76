"""Unsent alerts looked at again: gates and settings re-read, resolved ones dropped, summaries made (section 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from bellwire_schemas.ids import summary_id
from bellwire_schemas.names import AttendanceStatus, Group, Kind, Urgency
from msgspec.structs import replace

from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.deciding import PAUSE_LOOKS_AGAIN
from threshold_evaluator.domain.decision import Became
from threshold_evaluator.domain.due import DueAlert, Hold
from threshold_evaluator.domain.effective import Delivery, Effective
from threshold_evaluator.domain.gates import (
    ALL_OPEN,
    allowed,
    holding_bells,
    is_enrolled,
    is_paused,
    open_gates,
)
from threshold_evaluator.domain.judging import told_after, told_per
from threshold_evaluator.domain.memory import telling_key
from threshold_evaluator.domain.plan import Plan, Push, Settled, Summary, Telling
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import District, Roster, School, Student, Watcher
from threshold_evaluator.domain.standing import kinds_standing, told_instead
from threshold_evaluator.domain.surge import LOOKS_AGAIN, Brake, Resolution, resolution_for
from threshold_evaluator.domain.things import States
from threshold_evaluator.domain.timing import Due, Wait, due_time
from threshold_evaluator.domain.together import ALONE, Together, place_of, together_with
from threshold_evaluator.domain.walls import local_day

_SOONEST = tuple(Delivery)


@dataclass(frozen=True, slots=True)
class _Case:
    """One unsent alert with what the roster says of it now."""

    due: DueAlert
    student: Student
    school: School
    watcher: Watcher
    settings: Effective


def _case(roster: Roster, due: DueAlert) -> _Case | None:
    student = roster.students.get(due.key.student_id)
    if student is None:
        return None
    school = roster.school(due.school_id)
    for watcher in student.watchers:
        if watcher.user_id == due.user_id:
            return _Case(due, student, school, watcher, resolve(roster.district, school, watcher))
    return None


def gates_now(roster: Roster, due: DueAlert, now: datetime) -> int:
    """Return the gates that stand open now for an alert; none for a student or watcher no longer there."""
    case = _case(roster, due)
    return 0 if case is None else _gates(case, roster.district, now)


def _gates(case: _Case, district: District, now: datetime) -> int:
    due = case.due
    return open_gates(
        district,
        case.school,
        case.student,
        case.watcher,
        group=due.group,
        enrolled=is_enrolled(case.student, due.school_id, due.calendar_id, local_day(now, district.timezone)),
        any_kind_allowed=bool(allowed(due.kinds, district, case.school)),
    )


def _order(due: DueAlert) -> tuple[bool, datetime, datetime, datetime, int]:
    return (due.urgency is not Urgency.URGENT, due.due_at, due.first_at, due.modified_at, due.alert_id.int)


_Member: TypeAlias = tuple[Telling, bool]
"""A telling that goes, and whether it goes as a digest does: uncounted."""


@dataclass(slots=True)
class Releasing:
    """Takes all that is due of one district's users.

    `brakes` are those of their schools, oldest first; `told_of_date` the statuses told by (student, date, user).
    """

    roster: Roster
    states: States
    accounts: Mapping[str, Account]
    now: datetime
    brakes: Mapping[str, Sequence[Brake]] = field(default_factory=dict)
    told_of_date: dict[tuple[str, object, str], dict[str, AttendanceStatus]] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    _groups: dict[Together, list[_Member]] = field(default_factory=dict)
    _counted: set[Together] = field(default_factory=set)
    _opening: set[tuple[str, str, Group]] = field(default_factory=set)

    def take(self, dues: Sequence[DueAlert]) -> Plan:
        """Look at each, urgent and oldest first, then make what is due together one summary a user."""
        for due in sorted(dues, key=_order):
            self._look(due)
        for (user, *_), members in self._groups.items():
            self._send_together(self.accounts[user], members)
        return self.plan

    def _look(self, due: DueAlert) -> None:
        case, district = _case(self.roster, due), self.roster.district
        gates = 0 if case is None else _gates(case, district, self.now)
        if case is None or due.key not in self.states or gates != ALL_OPEN:
            self._drop(due, Became.WITHDRAWN, gates)
            return
        permitted = allowed(due.kinds, district, case.school)
        kinds = kinds_standing(
            due.key,
            tuple(kind for kind in due.kinds if kind in permitted),
            due.before,
            self.states[due.key].content,
            case.settings,
        )
        if not kinds:
            self._drop(due, Became.RESOLVED)
            return
        self._go(case, kinds)

    def _drop(self, due: DueAlert, became: Became, open_gates: int = ALL_OPEN) -> None:
        self.plan.settled.append(Settled(due, became, due.alert_id, open_gates))
        # In grace it has no item; what it took the place of may have.
        self.plan.corrected.append(due)
        state = self.states.get(due.key)
        if became is Became.RESOLVED and state and (told := told_instead(due, state.content)):
            self.plan.told[telling_key(due.key, due.user_id)] = (told, state)

    def _go(self, case: _Case, kinds: tuple[Kind, ...]) -> None:
        rules = [case.settings.kinds[kind] for kind in kinds]
        delivery = case.due.delivery
        if self._of_brake(case.due) is Resolution.INBOX_ONLY or self._said_that_day(case):
            delivery = Delivery.INBOX
        if delivery is not Delivery.INBOX:
            delivery = min((rule.delivery for rule in rules), key=_SOONEST.index)
        mandatory = any(rule.mandatory for rule in rules)
        due = case.due
        if (due.kinds, due.delivery, due.mandatory) != (kinds, delivery, mandatory):
            due = replace(due, kinds=kinds, delivery=delivery, mandatory=mandatory)
        session = holding_bells(self.roster.district, case.school, due.group, case.watcher.role)
        state = self.states[due.key]
        telling = Telling(due, state, case.student.display_name, case.settings, session)
        if not due.in_inbox and due.grace_until <= self.now:
            telling = self._enter(telling)
            due = telling.due
        if delivery is Delivery.INBOX and due.in_inbox:
            self.plan.settled.append(Settled(due, Became.INBOX, due.alert_id))
            return
        timed = self._time(telling, case)
        if (due.due_at, due.capped_at) != (timed.at, timed.capped_at):
            due = replace(due, due_at=timed.at, capped_at=timed.capped_at)
            telling = replace(telling, due=due)
        if timed.at > self.now or not due.in_inbox:
            self.plan.held[due.alert_id] = replace(due, hold=timed.hold)
        else:
            self._send(telling, digest=timed.digest)

    def _said_that_day(self, case: _Case) -> bool:
        """Whether another mark of the day told the user the same status: then this one enters the inbox only."""
        due = case.due
        if due.group is not Group.ATTENDANCE or due.in_inbox or due.grace_until > self.now:
            return False
        now = self.states[due.key].content
        told = self.told_of_date.get((due.key.student_id, now.on, due.user_id), {})
        said = {status for thing, status in told.items() if thing != due.key.thing_id}
        return now.mark.status in said and told_per(self.roster.district, case.school) == "day"

    def _of_brake(self, due: DueAlert) -> Resolution:
        brakes = self.brakes.get(due.school_id, ())
        # What waited before and had a newer change in a surge is of that surge.
        return resolution_for(brakes, max(due.first_at, due.accepted_at), held=due.hold is Hold.SURGE)

    def _enter(self, telling: Telling) -> Telling:
        due = telling.due
        self.plan.inbox.append(telling)
        self.accounts[due.user_id].enter_inbox()
        if told := told_after(due.key, telling.state.content, telling.settings):
            self.plan.told[telling_key(due.key, due.user_id)] = (told, telling.state)
        if due.group is Group.ATTENDANCE:
            content = telling.state.content
            day = self.told_of_date.setdefault((due.key.student_id, content.on, due.user_id), {})
            day[due.key.thing_id] = content.mark.status
        return replace(telling, due=replace(due, in_inbox=True))

    def _time(self, telling: Telling, case: _Case) -> Due:
        due = telling.due
        # A brake goes before a pause, whose end is no answer to it.
        if self._of_brake(due) is Resolution.HELD:
            return Due(self.now + LOOKS_AGAIN, Hold.SURGE, digest=False, capped_at=due.capped_at)
        if is_paused(self.roster.district, case.school):
            return Due(self.now + PAUSE_LOOKS_AGAIN, Hold.PAUSE, digest=False, capped_at=due.capped_at)
        if due.delivery is Delivery.INBOX:
            return Due(due.grace_until, Hold.GRACE, digest=False)
        wait = Wait(due.grace_until, due.delivery, telling.session, due.capped_at, due.mandatory)
        pushes = self.accounts[due.user_id].pushes(due.key)
        together = together_with(due, digest=False)
        if together in self._counted:
            # The push that it joins is counted already.
            pushes = replace(pushes, count=pushes.count - 1)
        elif together[1] == ALONE and (due.user_id, *place_of(due)) in self._opening:
            pushes = replace(pushes, window_opened=self.now)
        return due_time(wait, telling.settings, pushes, self.now)

    def _send(self, telling: Telling, *, digest: bool) -> None:
        """Put it with what goes together. A push counts, and opens its windows, as soon as it has a member: what is
        looked at next meets the cap that is left, and follows it. What is mandatory is outside the cap.
        """
        due = telling.due
        account = self.accounts[due.user_id]
        together = together_with(due, digest=digest)
        if not (digest or due.mandatory or together in self._counted):
            self._counted.add(together)
            account.count_push(telling.settings, self.now)
        if together[1] == ALONE:
            self._send_together(account, [(telling, digest)])
        else:
            self._groups.setdefault(together, []).append((telling, digest))
            if not digest:
                self._opening.add((due.user_id, *place_of(due)))

    def _send_together(self, account: Account, members: list[_Member]) -> None:
        source = self.roster.district.source
        pushed = {place_of(telling.due) for telling, digest in members if not digest}
        slots: dict[tuple[str, Group], UUID] = {}
        for telling, _ in members:
            place = place_of(telling.due)
            if place not in slots:
                slots[place] = account.show(
                    telling.due.key,
                    source,
                    self.now,
                    opens=place in pushed,
                    follows_up=telling.due.hold is Hold.COALESCE,
                )
        seq = account.next_seq()
        slot = next(iter(slots.values()))
        tellings = tuple(telling for telling, _ in members)
        if len(tellings) == 1:
            self.plan.pushes.append(Push(tellings[0], slot, seq, account.unseen))
            return
        identity: UUID = summary_id(telling.due.sent_as for telling in tellings)
        self.plan.summaries.append(Summary(identity, tellings, slot, seq, account.unseen))
