"""One transaction on devices, deliveries and the outbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.job import Job, Result
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import Ending, LeasedRow, NewRow, Row, Told


class Work(Protocol):
    """One transaction on devices, deliveries and the outbox; every method is one query for all its rows."""

    async def erase(self, users: Sequence[UserKey]) -> None:
        """Remove devices, deliveries, inboxes and untold events of users."""

    async def remember_inboxes(self, counts: Mapping[UserKey, tuple[int, int]]) -> None:
        """Keep (unseen, seq) where seq is newer."""

    async def inboxes(self, users: Sequence[UserKey]) -> Mapping[UserKey, tuple[int, int]]:
        """Return the kept (unseen, seq) of users."""

    async def devices(self, users: Sequence[UserKey]) -> Sequence[Device]:
        """Return the users' devices, held until the transaction ends.

        Who holds a device is alone with it: nobody removes it, and nobody else leases, writes or ends rows
        by ruling about it, so that two processes never send an older and a newer row at once.
        """

    async def recent_rows(self, users: Sequence[UserKey], since: datetime) -> Sequence[Row]:
        """Return the users' rows that wait or were written after `since` (product time)."""

    async def rows_that_matter(
        self, things: Mapping[UserKey, Collection[str]], since: datetime
    ) -> Sequence[Row]:
        """Return users' rows that wait, and those after `since` that tell of these things (empty: of any)."""

    async def write(self, rows: Sequence[NewRow], owner: UUID, now: datetime) -> Collection[UUID]:
        """Insert, or queue again what was missed or withdrawn; return the ids that were left as they were."""

    async def end(self, endings: Sequence[Ending], owner: UUID, now: datetime) -> Collection[UUID]:
        """End waiting rows that nobody else holds; return the ids that ended."""

    async def mark_withdrawn(self, alerts: Mapping[UUID, UserKey]) -> None:
        """Say of these alerts' waiting rows that they must not go (again)."""

    async def lease(
        self, lane: str, owner: UUID, limit: int, seconds: float
    ) -> tuple[Sequence[LeasedRow], Sequence[Device]]:
        """Take due rows of a lane, urgent first, whose devices nobody else holds; return these devices too.

        The devices are held until the transaction ends, as by `devices`; a row without one has none.
        """

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

    async def untold(self, owner: UUID, limit: int, *, own: bool) -> Sequence[Told]:
        """Lock the oldest events of the outbox that no live process tells from memory.

        `own`: and those that `owner` put there, however new.
        """

    async def told(self, places: Sequence[int]) -> None:
        """Forget events that the broker acknowledged."""

    async def tell(self, events: Sequence[Told], owner: UUID) -> None:
        """Put events into the outbox and set their places; others leave them to `owner` for ten seconds."""
