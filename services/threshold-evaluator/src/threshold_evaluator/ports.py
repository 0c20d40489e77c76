"""What the deciding handlers need of the outside."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from bellwire_kit.streams.protocol import Record
from bellwire_schemas.source import Source

from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.gates import ALL_OPEN
from threshold_evaluator.domain.memory import Memory, TellingKey
from threshold_evaluator.domain.plan import Plan
from threshold_evaluator.domain.roster import Roster
from threshold_evaluator.domain.things import ThingKey, ThingState
from threshold_evaluator.low_balances import ReminderTables
from threshold_evaluator.project import RosterTables, UserRef
from threshold_evaluator.surges import SurgeTables

LEASE_SECONDS = 15.0
"""How long whoever wrote a message has to publish it. Then it was left by a crash, or was not acknowledged: the
release loop publishes it again. Where both do, the dispatcher meets the message twice, and one row stands for both.
"""


UserKey: TypeAlias = tuple[Source, str]
"""A user of a district and environment."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the alerts topic, under the id that it has in the outbox and as a CloudEvent.

    `traceparent` is the trace that it is part of, or "".
    """

    message_id: UUID
    source: Source
    user_id: str
    type: str
    payload: str
    urgent: bool = False
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one transaction writes of one district: the plan with its words put and its messages made.

    `going` are the alerts that go, `messages` what carries them, urgent first.
    """

    source: Source
    plan: Plan
    accounts: Mapping[str, Account]
    detected: Sequence[Detected] = ()
    retold: Mapping[TellingKey, tuple[str, ThingState]] = field(default_factory=dict)
    going: Sequence["Going"] = ()
    messages: Sequence[Outgoing] = ()
    inbox: Sequence["Entered"] = ()


@dataclass(frozen=True, slots=True)
class Going:
    """An alert that goes: under which id, until when, and whether alone or carried by a summary."""

    due: DueAlert
    sent_as: UUID
    send_before: datetime
    alone: bool


@dataclass(frozen=True, slots=True)
class Entered:
    """An inbox item with its words."""

    due: DueAlert
    locale: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An event of a student that the roster does not know yet, or whose earlier events wait, as it came."""

    known: bool
    source: Source
    student_id: str
    event_source: str
    event_id: str
    record: Record


@dataclass(frozen=True, slots=True)
class Unparked:
    """An event that waited, and when it first came."""

    record: Record
    arrived_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a batch is about in one district: things, with the dates of attendance, and schools.

    `oldest` is the moment of the oldest version of a thing that arrived: the data of what stands is read only
    when it is not older, to be compared. A thing that is not in it has its data read in any case.
    """

    things: Sequence[ThingKey]
    dates: Sequence[tuple[str, date]]
    schools: Sequence[str]
    oldest: Mapping[ThingKey, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Known:
    """What stands in the tables of one district for a batch."""

    roster: Roster
    memory: Memory
    unsent: dict[TellingKey, DueAlert] = field(default_factory=dict)


class Deciding(Protocol):
    """The tables inside one transaction."""

    @property
    def roster(self) -> RosterTables:
        """Where roster events are projected, in the same transaction."""

    @property
    def surges(self) -> SurgeTables:
        """Where facts are counted and brakes pulled, in the same transaction."""

    @property
    def reminders(self) -> ReminderTables:
        """What users were told of low balances, in the same transaction."""

    async def known(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """Read rosters, states, tellings and unsent alerts (locked) in a constant number of queries."""

    async def peek(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """Read rosters and states only, and lock nothing; of a shared account the newest of any student."""

    async def told_on(
        self, known: Mapping[Source, Known], wanted: Mapping[Source, Sequence[tuple[str, date]]]
    ) -> None:
        """Read into `known` what each user was told of these students' dates: attendance by the day."""

    async def recount(self, users: Sequence[UserRef], now: datetime) -> None:
        """Count again what these users may see and have not seen; where that changed, tell their devices."""

    async def accounts(self, users: Mapping[Source, Sequence[str]]) -> Mapping[Source, dict[str, Account]]:
        """Lock the counters of users, with their windows."""

    async def write(self, spoken: Sequence[Spoken], now: datetime) -> None:
        """Write all that a batch decided."""

    async def park(self, parked: Sequence[Parked], now: datetime) -> None:
        """Keep events whose student is unknown."""

    async def parked_students(self, students: Sequence[tuple[Source, str]]) -> frozenset[tuple[Source, str]]:
        """Return which of these students have events that wait: what follows them waits too."""

    async def settle(self, students: Sequence[tuple[Source, str]]) -> None:
        """Note that more of the roster of these students has come: what waits is evaluated a moment from now."""

    async def unpark(self, limit: int) -> Sequence[Unparked]:
        """Take the events of up to `limit` students whose roster has settled, in the order they came."""


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A published alert that may still be unsent, and the id it went out under; `accepted` for a device at least.

    `open_gates` stand open for it now.
    """

    due: DueAlert
    sent_as: UUID
    accepted: bool = False
    open_gates: int = ALL_OPEN


@dataclass(slots=True)
class TakenBack:
    """Published alerts that are not to go, as far as they have not gone.

    `withdrawn` for good; `held` until a pause ends, and until the dispatcher has said that it had not gone; `stopped`
    where a device has it and others may wait.
    """

    withdrawn: list[OnItsWay] = field(default_factory=list)
    held: list[OnItsWay] = field(default_factory=list)
    stopped: list[OnItsWay] = field(default_factory=list)


class Releases(Protocol):
    """What the release loop does in one transaction, beside `Deciding`."""

    async def wake(
        self, now: datetime, users: Sequence[UserKey]
    ) -> Mapping[Source, tuple[dict[str, Account], list[DueAlert]]]:
        """Lock the accounts of these users and take all that is due of them; who is locked already is skipped."""

    def recalculate(self, now: datetime, limit: int) -> AsyncIterator[Mapping[Source, list[OnItsWay]]]:
        """Wake what changes of settings and roster touch; yield what is published but may still be unsent.

        It comes some at a time, the members of a summary after each other.
        """

    async def take_back(self, taken: TakenBack, messages: Sequence[Outgoing], now: datetime) -> None:
        """Take published alerts back, and queue the messages that say so."""

    async def waited_too_long(self, before: datetime, limit: int) -> Sequence[Unparked]:
        """Return events that arrived before a moment and for whose student no roster came; locked."""

    async def forget_waiting(self, positions: Sequence[int]) -> None:
        """Delete events that were sent to the dead-letter topic."""


class Transaction(Deciding, Releases, Protocol):
    """Both, on one connection."""


class Store(Protocol):
    """Transactions, and what needs none."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open one transaction: committed on leaving, undone by an exception."""

    async def ensure_day(self, day: date) -> None:
        """Make the partitions of a day; cheap once they are there."""

    async def users_due(self, now: datetime, limit: int) -> Sequence[UserKey]:
        """Return for whom something is due, `limit` alerts of them: only urgent ones while there are any."""

    async def published(self, messages: Sequence[Outgoing]) -> None:
        """Take out of the outbox what the broker acknowledged."""

    async def left_over(self, early: float, limit: int) -> Sequence[Outgoing]:
        """Take messages that nobody publishes, `early` seconds of real time before that is known; urgent first."""


class Unstorable(Exception):
    """The database refuses a value of the batch: handed over alone, the record at fault is found."""
