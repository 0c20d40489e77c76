"""What the handlers need from outside: a database and providers.

Values that are made once a row are plain slotted classes: a frozen one costs three times as much to make.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from bellwire_schemas.source import Source

from push_dispatcher.domain.content import Content
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.device import ApnsEnvironment, DeviceSettings, Platform
from push_dispatcher.domain.intake import UserKey
from push_dispatcher.domain.job import Job, Result
from push_dispatcher.domain.payload import Push, Token
from push_dispatcher.domain.verdict import Verdict

ProviderName = Literal["apns", "fcm", "none"]


@dataclass(slots=True)
class Device:
    """One installation of an app that a user is signed in to."""

    user: UserKey
    installation_id: str
    platform: Platform
    app: str
    token: Token
    token_kind: str
    apns_environment: ApnsEnvironment
    settings: DeviceSettings
    registered_at: datetime
    seen_at: datetime
    spare_until: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """What an app says of itself when a user signs in, or when its token changed."""

    user: UserKey
    installation_id: str
    platform: Platform
    app: str
    token: Token
    token_kind: str
    apns_environment: ApnsEnvironment
    settings: DeviceSettings


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """A page of a district's deliveries; empty `user_id` or `state` mean any, `before` is where it begins."""

    source: Source
    user_id: str
    state: str
    since: datetime
    before: tuple[datetime, UUID]
    limit: int


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """What an administrator sees of a delivery: no text, no token. `ended_at` is empty while it waits."""

    delivery_id: UUID
    user_id: str
    installation_id: str
    provider: str
    alert_id: UUID
    purpose: str
    state: str
    reason: str
    attempts: int
    written_at: datetime
    send_before: datetime
    ended_at: str


@dataclass(slots=True)
class Row:
    """A delivery row as ruling needs it; `leased_by` is the owner of an unexpired lease, or the nil UUID."""

    delivery_id: UUID
    user: UserKey
    installation_id: str
    state: State
    things: Mapping[str, datetime]
    written_at: datetime
    send_before: datetime
    requested_at: datetime
    seq: int
    unseen: int
    silent: bool
    withdrawn: bool
    leased_by: UUID
    alert_id: UUID
    provider: ProviderName


@dataclass(slots=True)
class NewRow:
    """A delivery row to be written; `lease_seconds` 0 leaves it to whoever comes first."""

    delivery_id: UUID
    user: UserKey
    installation_id: str
    provider: ProviderName
    lane: str
    alert_id: UUID
    content: Content
    state: State
    urgent: bool
    slot: UUID
    things: Mapping[str, datetime]
    unseen: int
    seq: int
    requested_at: datetime
    send_before: datetime
    wait_seconds: float
    lease_seconds: float
    as_summary: bool = False


@dataclass(slots=True)
class LeasedRow:
    """A row that this process may send now."""

    row: Row
    lane: str
    content: Content
    urgent: bool
    slot: UUID
    attempts: int
    first_attempt: datetime
    as_summary: bool


@dataclass(slots=True)
class Told:
    """One event of the outbox: whose, and its CloudEvents id, type, time and JSON data."""

    user: UserKey
    event_id: UUID
    type: str
    at: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class Ending:
    """A waiting row that ends without a request."""

    delivery_id: UUID
    state: State
    reason: str = ""


class Work(Protocol):
    """One transaction on devices, deliveries and the outbox; every method is one query for all its rows."""

    async def erase(self, users: Sequence[UserKey]) -> None:
        """Remove devices, deliveries, inboxes and untold events of users."""

    async def remember_inboxes(self, counts: Mapping[UserKey, tuple[int, int]]) -> None:
        """Keep (unseen, seq) where seq is newer."""

    async def inboxes(self, users: Sequence[UserKey]) -> Mapping[UserKey, tuple[int, int]]:
        """Return the kept (unseen, seq) of users."""

    async def devices(self, users: Sequence[UserKey]) -> Sequence[Device]:
        """Return the users' devices, held against removal until the transaction ends."""

    async def recent_rows(self, users: Sequence[UserKey], since: datetime) -> Sequence[Row]:
        """Return the users' rows that wait or were written after `since` (product time)."""

    async def write(self, rows: Sequence[NewRow], owner: UUID, now: datetime) -> Collection[UUID]:
        """Insert, or queue again what was missed or withdrawn; return the ids that were written."""

    async def end(self, endings: Sequence[Ending], owner: UUID, now: datetime) -> Collection[UUID]:
        """End waiting rows that nobody else holds; return the ids that ended."""

    async def mark_withdrawn(self, alerts: Mapping[UUID, UserKey]) -> None:
        """Say of these alerts' waiting rows that they must not go (again)."""

    async def lease(self, lane: str, owner: UUID, limit: int, seconds: float) -> Sequence[LeasedRow]:
        """Take due rows of a lane that nobody holds, urgent first."""

    async def overdue(self, now: datetime, limit: int) -> Sequence[Row]:
        """Lock waiting rows, held by nobody, whose `send_before` is reached."""

    async def keep_summaries(self, delivery_ids: Sequence[UUID]) -> None:
        """Remember that these rows go with their summary text."""

    async def release(self, delivery_ids: Sequence[UUID], owner: UUID, wait_seconds: float) -> None:
        """Give back rows that were not tried; they are due after `wait_seconds`."""

    async def record(self, results: Sequence[Result], owner: UUID, now: datetime) -> Mapping[UUID, State]:
        """Write what became of tried rows; return the state of every row that this write changed."""

    async def spare(self, until: Mapping[tuple[str, str, str], datetime]) -> None:
        """Let everything for these devices wait until then (real time)."""

    async def prune(self, refused: Sequence[tuple[Job, datetime]]) -> Sequence[Device]:
        """Remove devices whose token, refused as of a real time, is still theirs and no newer."""

    async def end_of_devices(
        self, devices: Sequence[Device], state: State, reason: str, now: datetime
    ) -> Sequence[Row]:
        """End the waiting rows of removed devices and return them; rows in flight are marked withdrawn."""

    async def remove_unseen(self, before: datetime, limit: int) -> Sequence[Device]:
        """Remove and return devices not seen since (product time)."""

    async def remove_old_rows(self, before: datetime, limit: int) -> int:
        """Remove ended rows written before (product time); return how many."""

    async def untold(self, limit: int) -> Sequence[tuple[int, Told]]:
        """Lock the oldest events of the outbox, with their places in it."""

    async def told(self, places: Sequence[int]) -> None:
        """Forget events that the broker acknowledged."""

    async def tell(self, events: Sequence[Told]) -> None:
        """Put events into the outbox."""


class Registry(Protocol):
    """One transaction on a user's devices, and on what an administrator may see of deliveries."""

    async def own_devices(self, user: UserKey) -> Sequence[Device]:
        """Return a user's devices."""

    async def displace(self, new: Registration) -> Sequence[Device]:
        """Remove and return devices that hold the token or the installation that is registered now."""

    async def register(self, new: Registration, now: datetime) -> tuple[Device, bool]:
        """Write a device; return it, and whether it is new."""

    async def remove_device(self, user: UserKey, installation_id: str) -> Sequence[Device]:
        """Remove and return a user's device; empty when there is none."""

    async def in_flight(self, user: UserKey, installation_id: str) -> int:
        """Count the device's rows that somebody holds."""

    async def forget_deliveries(self, user: UserKey, installation_id: str) -> int:
        """Remove the deliveries of a device that the user no longer has; return how many there were."""

    async def page(self, query: DeliveryQuery) -> Sequence[DeliveryLine]:
        """Return a page of a district's deliveries, newest first."""

    async def counts(self, source: Source, since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Count a district's deliveries by provider and state."""


class DeliveryStore(Protocol):
    """Opens transactions."""

    def work(self) -> AbstractAsyncContextManager[Work]:
        """One transaction: committed when the block ends, undone when it raises."""

    def registry(self) -> AbstractAsyncContextManager[tuple[Work, Registry]]:
        """One transaction that both work and registry share."""


class PushProvider(Protocol):
    """One provider's door; siblings of one shape live in adapters/."""

    async def send(self, push: Push, sent_at: datetime) -> Verdict:
        """Send one push and read the answer; never raises for what a provider or a network can do."""

    async def reconnect(self) -> None:
        """Leave the connections behind and open new ones at the next push."""

    async def close(self) -> None:
        """Close the connections."""
