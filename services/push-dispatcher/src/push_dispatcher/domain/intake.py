"""One batch of the alerts topic, folded in its order into what has to be done about each user."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from push_dispatcher.domain.alert import Alert, Erasure, Event, InboxCount, UserKey, Withdrawal, user_of


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch asks: the last word about each alert, each user's newest inbox, the users to erase."""

    alerts: dict[UUID, Alert] = field(default_factory=dict)
    withdrawn: dict[UUID, Withdrawal] = field(default_factory=dict)
    inboxes: dict[UserKey, InboxCount] = field(default_factory=dict)
    erased: dict[UserKey, Erasure] = field(default_factory=dict)

    def users(self) -> list[UserKey]:
        """Every user that the batch speaks of, once, in order."""
        found = dict.fromkeys(map(user_of, self.alerts.values()))
        found |= dict.fromkeys(map(user_of, self.withdrawn.values()))
        return list(found | dict.fromkeys(self.inboxes) | dict.fromkeys(self.erased))


def folded(events: Iterable[Event]) -> Intake:
    """Fold events in topic order: a later word about an alert replaces the earlier, an erasure all before it.

    An alert requested and then withdrawn stays in both maps: it is written, and ends `withdrawn`.
    """
    intake = Intake()
    for event in events:
        match event:
            case Alert():
                intake.alerts[event.alert_id] = event
                if intake.withdrawn:
                    intake.withdrawn.pop(event.alert_id, None)
            case Withdrawal():
                intake.withdrawn[event.alert_id] = event
            case InboxCount():
                known = intake.inboxes.get(user_of(event))
                if known is None or event.seq > known.seq:
                    intake.inboxes[user_of(event)] = event
            case Erasure():
                _forget(intake, user_of(event))
                intake.erased[user_of(event)] = event
    return intake


def _forget(intake: Intake, user: UserKey) -> None:
    for alert_id in [key for key, alert in intake.alerts.items() if user_of(alert) == user]:
        del intake.alerts[alert_id]
    for alert_id in [key for key, event in intake.withdrawn.items() if user_of(event) == user]:
        del intake.withdrawn[alert_id]
    intake.inboxes.pop(user, None)
