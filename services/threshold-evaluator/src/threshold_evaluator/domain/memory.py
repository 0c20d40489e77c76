"""What is known of things and users when a batch begins, and what it adds."""

from dataclasses import dataclass, field
from datetime import datetime

from bellwire_schemas.names import AttendanceStatus, Group

from threshold_evaluator.domain.things import ThingKey, ThingState

TellingKey = tuple[ThingKey, str]
"""A thing and a user: of a shared lunch account the key has no student."""


def telling_key(key: ThingKey, user_id: str) -> TellingKey:
    """Return under which key a user's telling is kept: a lunch account may be shared by students."""
    return (ThingKey(key.group, "", key.thing_id) if key.group is Group.LUNCH else key, user_id)


@dataclass(slots=True)
class Memory:
    """What is known when a batch of one district begins; the batch works in it.

    `told` is by thing and user (of a grade only what a user knows who was not told: `grades.told_text`),
    `told_of_date` the statuses told by (student, date, user), `grace` since when an unsent alert waits and when
    its grace ends. `retold` has what the batch told, cleared or counts as told, to be stored. `account_moments` has
    when the newest version of a lunch account was modified, whichever of its students it came of.
    """

    states: dict[ThingKey, ThingState] = field(default_factory=dict)
    told: dict[TellingKey, str] = field(default_factory=dict)
    told_of_date: dict[tuple[str, object, str], dict[str, AttendanceStatus]] = field(default_factory=dict)
    grace: dict[TellingKey, tuple[datetime, datetime]] = field(default_factory=dict)
    account_moments: dict[str, datetime] = field(default_factory=dict)
    retold: dict[TellingKey, tuple[str, ThingState]] = field(default_factory=dict)

    def tell(self, telling: TellingKey, value: str, state: ThingState) -> None:
        """Note what a user was told; empty clears it."""
        self.told[telling] = value
        self.retold[telling] = (value, state)
