"""What the deciding handlers need of the outside."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from bellwire_kit.streams.protocol import Record
from bellwire_schemas.source import Source

from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.deciding import Plan
from threshold_evaluator.domain.detecting import Detected, Memory, TellingKey
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.roster import Roster
from threshold_evaluator.domain.things import ThingKey, ThingState
from threshold_evaluator.low_balances import ReminderTables
from threshold_evaluator.project import RosterTables
from threshold_evaluator.surges import SurgeTables


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the alerts topic: of an alert row, or a notice of its own (`notice`)."""

    row_id: UUID
    source: Source
    user_id: str
    type: str
    payload: str
    notice: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one transaction writes of one district: the plan with its words put and its messages made.

    `ready` are alerts to publish by alert id, with the id they go out under and the end of their time;
    `members` the alerts that a summary carries.
    """

    source: Source
    plan: Plan
    accounts: Mapping[str, Account]
    detected: Sequence[Detected] = ()
    retold: Mapping[TellingKey, tuple[str, ThingState]] = field(default_factory=dict)
    ready: Sequence["Ready"] = ()
    members: Sequence["Ready"] = ()
    summaries: Sequence[Outgoing] = ()
    inbox: Sequence["Entered"] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """An alert that goes: under which id, until when, and its message (empty when a summary carries it)."""

    due: DueAlert
    sent_as: UUID
    send_before: datetime
    payload: str


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
        """Read rosters and states only, and lock nothing."""

    async def told_on(
        self, known: Mapping[Source, Known], wanted: Mapping[Source, Sequence[tuple[str, date]]]
    ) -> None:
        """Read into `known` what each user was told of these students' dates: attendance by the day."""

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
    """A published alert that may still be unsent, and the id it went out under; `accepted` for a device at least."""

    due: DueAlert
    sent_as: UUID
    accepted: bool = False


@dataclass(slots=True)
class TakenBack:
    """Published alerts that are not to go, as far as they have not gone.

    `withdrawn` for good, `held` until a pause ends, `stopped` where a device has it and others may wait.
    """

    withdrawn: list[OnItsWay] = field(default_factory=list)
    held: list[OnItsWay] = field(default_factory=list)
    stopped: list[OnItsWay] = field(default_factory=list)


class Releases(Protocol):
    """What the release loop does in one transaction, beside `Deciding`."""

    async def wake(
        self, now: datetime, limit: int, lane: int = 0, lanes: int = 1
    ) -> Mapping[Source, tuple[dict[str, Account], list[DueAlert]]]:
        """Lock the users of the most urgent alerts that are due, and take all that is due of them.

        Of several `lanes` each has users of its own, so that none waits for what another has locked.
        """

    async def recalculate(self, now: datetime, limit: int) -> Mapping[Source, list[OnItsWay]]:
        """Wake what changes of settings and roster touch; answer what is published but may still be unsent."""

    async def take_back(self, taken: TakenBack, notices: Sequence[Outgoing], now: datetime) -> None:
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

    async def published(self, messages: Sequence[Outgoing], now: datetime) -> None:
        """Mark as published what the broker acknowledged."""

    async def left_over(self, seconds: float, limit: int) -> Sequence[Outgoing]:
        """Return alerts and notices ready for longer than `seconds` of real time, urgent first."""


class Unstorable(Exception):
    """The database refuses a value of the batch: handed over alone, the record at fault is found."""
