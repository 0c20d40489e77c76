"""One batch of the alerts topic, folded in its order into what has to be done about each user."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from bellwire_schemas.alerts import AlertRequested, AlertWithdrawn, InboxChanged, UserErased
from bellwire_schemas.names import Environment

Event = AlertRequested | AlertWithdrawn | InboxChanged | UserErased


@dataclass(frozen=True, slots=True)
class UserKey:
    """A user in one district and environment; nothing of two environments ever mixes."""

    district_id: str
    environment: Environment
    user_id: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch asks: the last word about each alert, each user's newest inbox, the users to erase."""

    alerts: dict[UUID, AlertRequested] = field(default_factory=dict)
    withdrawn: dict[UUID, AlertWithdrawn] = field(default_factory=dict)
    inboxes: dict[UserKey, InboxChanged] = field(default_factory=dict)
    erased: dict[UserKey, UserErased] = field(default_factory=dict)

    def users(self) -> list[UserKey]:
        """Every user that the batch speaks of, once, in order."""
        events: list[Event] = [*self.alerts.values(), *self.withdrawn.values(), *self.inboxes.values()]
        return list(dict.fromkeys([*map(user_of, events), *self.erased]))


def user_of(event: Event) -> UserKey:
    """Return whose event it is."""
    return UserKey(event.district_id, event.environment, event.user_id)


def folded(events: Iterable[Event]) -> Intake:
    """Fold events in topic order: a later word about an alert replaces the earlier, an erasure all before it.

    An alert requested and then withdrawn stays in both maps: it is written, and ends `withdrawn`.
    """
    intake = Intake()
    for event in events:
        match event:
            case AlertRequested():
                intake.alerts[event.alert_id] = event
                intake.withdrawn.pop(event.alert_id, None)
            case AlertWithdrawn():
                intake.withdrawn[event.alert_id] = event
            case InboxChanged():
                known = intake.inboxes.get(user_of(event))
                if known is None or event.seq > known.seq:
                    intake.inboxes[user_of(event)] = event
            case UserErased():
                _forget(intake, user_of(event))
                intake.erased[user_of(event)] = event
    return intake


def _forget(intake: Intake, user: UserKey) -> None:
    for alert_id in [key for key, alert in intake.alerts.items() if user_of(alert) == user]:
        del intake.alerts[alert_id]
    for alert_id in [key for key, event in intake.withdrawn.items() if user_of(event) == user]:
        del intake.withdrawn[alert_id]
    intake.inboxes.pop(user, None)
