"""Judgements in topic order become decisions: merged with what is unsent, timed, counted (section 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bellwire_schemas.names import DecisionOutcome
from msgspec.structs import replace

from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.decision import Became, Decision, Detection, Reason
from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.due import DueAlert, Hold
from threshold_evaluator.domain.effective import Delivery, Effective
from threshold_evaluator.domain.facts import in_order
from threshold_evaluator.domain.gates import holding_bells, is_paused
from threshold_evaluator.domain.identities import AlertIds
from threshold_evaluator.domain.judging import Judgement, Route, Turn, told_after
from threshold_evaluator.domain.memory import TellingKey, telling_key
from threshold_evaluator.domain.plan import Plan, Push, Settled, Telling
from threshold_evaluator.domain.standing import kinds_standing
from threshold_evaluator.domain.surge import LOOKS_AGAIN, Resolution
from threshold_evaluator.domain.timing import Due, Session, Wait, due_time

PAUSE_LOOKS_AGAIN = timedelta(hours=1)
"""A resumed district wakes what it held at once; this is only how long a lost wake-up could cost."""

_SOONEST = tuple(Delivery)

REASON_OF: Mapping[Hold, Reason] = {
    Hold.NONE: Reason.TOLD,
    Hold.GRACE: Reason.GRACE,
    Hold.DIGEST: Reason.DELIVERY_DIGEST,
    Hold.COALESCE: Reason.COALESCED,
    Hold.CAP: Reason.DAILY_CAP,
    Hold.BELL: Reason.BELL,
    Hold.QUIET: Reason.QUIET_HOURS,
    Hold.PAUSE: Reason.PAUSED,
    Hold.SURGE: Reason.SURGE,
}
"""What a hold is called where why says what an alert waited, or waits, for."""


@dataclass(slots=True)
class Deciding:
    """Takes what detection found, one event after another; what a batch holds or sends counts for the next.

    `braked` has the schools in a surge, with what their administrator said of it.
    """

    unsent: dict[TellingKey, DueAlert]
    accounts: Mapping[str, Account]
    now: datetime
    braked: Mapping[str, Resolution] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)

    def take(self, detected: Detected) -> None:
        """Decide about one event for every user concerned."""
        if detected.detection is Detection.DELETED:
            self._withdraw(detected)
        if not detected.judgements:
            return
        incoming = detected.incoming
        identities = AlertIds(incoming.source, incoming.event_source, incoming.event_id)
        for judgement in detected.judgements:
            self._decide(detected, judgement, identities.of(judgement.watcher.user_id))

    def _withdraw(self, detected: Detected) -> None:
        for watcher in detected.turn.student.watchers:
            telling = telling_key(detected.incoming.key, watcher.user_id)
            if telling in self.unsent:
                due = self.unsent.pop(telling)
                self._settle(due, Became.WITHDRAWN, due.alert_id)
                if due.in_inbox:
                    self.plan.corrected.append(due)

    def _settle(self, due: DueAlert, became: Became, sent_as: UUID) -> None:
        self.plan.held.pop(due.alert_id, None)
        self.plan.settled.append(Settled(due, became, sent_as))

    def _decide(self, detected: Detected, judgement: Judgement, identity: UUID) -> None:
        incoming, turn = detected.incoming, detected.turn
        outcome, reason, due_at = DecisionOutcome.SUPPRESS, judgement.reason, self.now
        if judgement.route is not Route.SUPPRESSED:
            alert = self._alert(detected, judgement, identity)
            outcome, reason, due_at = self._route(alert, detected, judgement)
        self.plan.decisions.append(
            Decision(
                identity,
                judgement.watcher.user_id,
                turn.key,
                incoming.event_id,
                judgement.kinds,
                outcome,
                reason,
                due_at,
                judgement.open_gates,
                judgement.verdicts,
                judgement.settings,
            )
        )

    def _alert(self, detected: Detected, judgement: Judgement, identity: UUID) -> DueAlert:
        """Make the alert, taking the place of what is unsent of the thing: new content, the old clock.

        Its grace is the longest of its facts, all from the first unsent change.
        """
        incoming, turn = detected.incoming, detected.turn
        telling = telling_key(incoming.key, judgement.watcher.user_id)
        alert = DueAlert(
            alert_id=identity,
            user_id=judgement.watcher.user_id,
            key=turn.key,
            school_id=turn.school_id,
            calendar_id=turn.calendar_id,
            kinds=judgement.kinds,
            event_source=incoming.event_source,
            event_id=incoming.event_id,
            before=judgement.before,
            modified_at=turn.modified_at,
            accepted_at=incoming.accepted_at,
            first_at=self.now,
            grace_until=self.now + judgement.grace,
            due_at=self.now,
            delivery=judgement.delivery,
            in_inbox=not judgement.grace,
            mandatory=judgement.mandatory,
            decided_at=self.now,
            traceparent=incoming.traceparent,
        )
        if telling not in self.unsent:
            return alert
        older = self.unsent.pop(telling)
        self._settle(older, Became.REPLACED, identity)
        standing = kinds_standing(turn.key, older.kinds, older.before, turn.now, judgement.settings)
        if older.in_inbox and not standing:
            self.plan.corrected.append(older)
        kinds = in_order({*standing, *judgement.kinds})
        delivery = judgement.delivery
        if standing and older.delivery is not Delivery.INBOX:
            # What was to be pushed still is: the soonest of all that is told now.
            rules = judgement.settings.kinds
            delivery = min((rules[kind].delivery for kind in kinds), key=_SOONEST.index)
        grace_until = max(older.grace_until, older.first_at + judgement.grace)
        return replace(
            alert,
            kinds=kinds,
            delivery=delivery,
            before=older.before,
            first_at=older.first_at,
            grace_until=grace_until,
            hold=Hold.SURGE if older.hold is Hold.SURGE else Hold.NONE,
            capped_at=older.capped_at,
            in_inbox=grace_until <= self.now,
            mandatory=alert.mandatory or older.mandatory,
        )

    def _route(
        self, alert: DueAlert, detected: Detected, judgement: Judgement
    ) -> tuple[DecisionOutcome, Reason, datetime]:
        turn = detected.turn
        session = holding_bells(turn.district, turn.school, turn.key.group, judgement.watcher.role)
        telling = Telling(alert, detected.after, turn.student.display_name, judgement.settings, session)
        account = self.accounts[alert.user_id]
        if alert.in_inbox:
            self._enter(telling, turn, account)
        surging = self.braked.get(turn.school_id) is Resolution.INBOX_ONLY
        if alert.delivery is Delivery.INBOX or surging:
            if not alert.in_inbox:
                self._hold(replace(alert, due_at=alert.grace_until, hold=Hold.GRACE, delivery=Delivery.INBOX))
            reason = Reason.SURGE if surging else judgement.reason
            return DecisionOutcome.INBOX_ONLY, reason, alert.grace_until
        due = self._due(alert, turn, session, judgement.settings, account)
        if due.at <= self.now:
            if not (due.digest or alert.mandatory):
                account.count_push(judgement.settings, self.now)
            slot = account.show(turn.key, detected.incoming.source, self.now, opens=not due.digest)
            self.plan.pushes.append(Push(telling, slot, account.next_seq(), account.unseen))
            return DecisionOutcome.SEND, Reason.TOLD, due.at
        self._hold(replace(alert, due_at=due.at, hold=due.hold, capped_at=due.capped_at))
        outcome = DecisionOutcome.DIGEST if due.digest else DecisionOutcome.HOLD
        reason = REASON_OF[due.hold]
        if due.digest and due.hold is not Hold.CAP:
            reason = Reason.DELIVERY_DIGEST
        return outcome, reason, due.at

    def _due(
        self, alert: DueAlert, turn: Turn, session: Session, settings: Effective, account: Account
    ) -> Due:
        # What a brake holds waits for its answer, whatever else comes meanwhile: a newer change, a pause.
        if alert.hold is Hold.SURGE or self.braked.get(turn.school_id) is Resolution.HELD:
            return Due(self.now + LOOKS_AGAIN, Hold.SURGE, digest=False, capped_at=alert.capped_at)
        if is_paused(turn.district, turn.school):
            return Due(self.now + PAUSE_LOOKS_AGAIN, Hold.PAUSE, digest=False, capped_at=alert.capped_at)
        wait = Wait(alert.grace_until, alert.delivery, session, alert.capped_at, alert.mandatory)
        return due_time(wait, settings, account.pushes(turn.key), self.now)

    def _enter(self, telling: Telling, turn: Turn, account: Account) -> None:
        self.plan.inbox.append(telling)
        account.enter_inbox()
        told = told_after(turn.key, turn.now, telling.settings)
        if told:
            self.plan.told[telling_key(turn.key, telling.due.user_id)] = (told, telling.state)

    def _hold(self, alert: DueAlert) -> None:
        self.unsent[telling_key(alert.key, alert.user_id)] = alert
        self.plan.held[alert.alert_id] = alert


def concerned_users(detected: Iterable[Detected]) -> set[str]:
    """Return the users whose accounts decisions will count in."""
    return {
        judgement.watcher.user_id
        for each in detected
        for judgement in each.judgements
        if judgement.route is not Route.SUPPRESSED
    }
