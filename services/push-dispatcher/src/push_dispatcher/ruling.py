"""Rows of the database and rows about to be written, ruled about device by device."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from push_dispatcher.domain.alert import Alert, InboxCount, UserKey, user_of
from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.delivery import Ruling, Waiting, rule
from push_dispatcher.domain.job import DeviceKey
from push_dispatcher.ports.rows import NewRow, Row

RECENT = timedelta(hours=48)
"""The longest ttl of an alert (product.md section 6): an older row has no say about what shows."""

NOBODY = UUID(int=0)
"""The owner of a row that is not leased."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who rules: `owner` is this process, `recalled` are its leased rows whose request has not begun."""

    owner: UUID
    recalled: Collection[UUID]

    def holds(self, row: Row) -> bool:
        """Tell whether the row's request may be out, here or elsewhere."""
        return row.leased_by != NOBODY and row.delivery_id not in self.recalled

    def waiting(self, row: Row) -> Waiting:
        """Return the row as the domain sees it from here."""
        held = self.holds(row)
        return Waiting(
            delivery_id=row.delivery_id,
            state=row.state,
            things=row.things,
            written_at=row.written_at,
            send_before=row.send_before,
            seq=row.seq,
            in_flight=held,
            elsewhere=held and row.leased_by != self.owner,
            withdrawn=row.withdrawn,
            silent=row.silent,
        )


def ruled(
    rows: Iterable[Row], candidates: Mapping[DeviceKey, Sequence[Waiting]], holder: Holder, now: datetime
) -> dict[UUID, Ruling]:
    """Rule about every device that has rows or candidates (rows about to be written)."""
    by_device: defaultdict[DeviceKey, list[Waiting]] = defaultdict(list)
    for row in rows:
        by_device[row.device].append(holder.waiting(row))
    for key, new in candidates.items():
        replaced = {waiting.delivery_id for waiting in new}
        by_device[key] = [*(old for old in by_device[key] if old.delivery_id not in replaced), *new]
    rulings: dict[UUID, Ruling] = {}
    for waiting in by_device.values():
        rulings |= rule(waiting, now)
    return rulings


def contested(new: Iterable[NewRow], rows: Iterable[Row], now: datetime) -> dict[DeviceKey, list[Waiting]]:
    """Return the new rows that need a ruling, by device: all but those that are alone there and in time."""
    busy = {row.device for row in rows}
    by_device: dict[DeviceKey, list[NewRow]] = {}
    for row in new:
        by_device.setdefault((row.user.district_id, row.user.environment, row.installation_id), []).append(
            row
        )
    return {
        key: [waiting(row, now) for row in found]
        for key, found in by_device.items()
        if len(found) > 1 or key in busy or now >= found[0].send_before
    }


def waiting(row: NewRow, now: datetime) -> Waiting:
    """Return a row about to be written as ruling sees it."""
    return Waiting(
        delivery_id=row.delivery_id,
        state=row.state,
        things=row.things,
        written_at=now,
        send_before=row.send_before,
        seq=row.seq,
        silent=row.content.purpose is Purpose.BADGE,
    )


def badges(
    rows: Iterable[Row],
    inboxes: Mapping[UserKey, tuple[int, int]],
    events: Iterable[Alert | InboxCount] = (),
) -> dict[UserKey, int]:
    """Return each user's badge from everything that says how many are unseen."""
    pairs: dict[UserKey, list[tuple[int, int]]] = {user: [pair] for user, pair in inboxes.items()}
    for event in events:
        pairs.setdefault(user_of(event), []).append((event.unseen, event.seq))
    for row in rows:
        pairs.setdefault(row.user, []).append((row.unseen, row.seq))
    return {user: newest_unseen(seen) for user, seen in pairs.items()}


def newest_unseen(seen: Iterable[tuple[int, int]], otherwise: int = 0) -> int:
    """Return the badge: the unseen count with the highest seq of (unseen, seq) pairs."""
    return max(seen, key=lambda pair: pair[1], default=(otherwise, 0))[0]
