"""Rows of the database ruled about device by device, and told of when they end."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from bellwire_schemas.alerts import AlertRequested, InboxChanged
from bellwire_schemas.catalogue import DEVICE_REMOVED, delivery_type
from bellwire_schemas.deliveries import DeviceRemoved
from bellwire_schemas.ids import event_id
from bellwire_schemas.names import DeliveryOutcome
from pydantic_core import to_json

from push_dispatcher.domain.delivery import Ruling, State, Waiting, rule
from push_dispatcher.domain.intake import UserKey, user_of
from push_dispatcher.domain.job import DeviceKey
from push_dispatcher.ports import Device, ProviderName, Row, Told

RECENT = timedelta(hours=48)
"""The longest ttl of an alert (product.md section 6): an older row has no say about what shows."""

NOBODY = UUID(int=0)
"""The owner of a row that is not leased."""

_TYPES = {outcome: delivery_type(outcome) for outcome in DeliveryOutcome}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who rules: `owner` is this process, `recalled` are its leased rows whose request has not begun."""

    owner: UUID
    recalled: Collection[UUID]

    def waiting(self, row: Row) -> Waiting:
        """Return the row as the domain sees it from here."""
        held = row.leased_by != NOBODY and row.delivery_id not in self.recalled
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


def device_key(row: Row | Device) -> DeviceKey:
    """Return the device of a row."""
    return (row.user.district_id, row.user.environment, row.installation_id)


def ruled(
    rows: Iterable[Row], candidates: Mapping[DeviceKey, Sequence[Waiting]], holder: Holder, now: datetime
) -> dict[UUID, Ruling]:
    """Rule about every device that has rows or candidates (rows about to be written)."""
    by_device: defaultdict[DeviceKey, list[Waiting]] = defaultdict(list)
    for row in rows:
        by_device[device_key(row)].append(holder.waiting(row))
    for key, new in candidates.items():
        replaced = {waiting.delivery_id for waiting in new}
        by_device[key] = [*(old for old in by_device[key] if old.delivery_id not in replaced), *new]
    rulings: dict[UUID, Ruling] = {}
    for waiting in by_device.values():
        rulings |= rule(waiting, now)
    return rulings


def badges(
    rows: Iterable[Row],
    inboxes: Mapping[UserKey, tuple[int, int]],
    events: Iterable[AlertRequested | InboxChanged] = (),
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


def delivery_told(
    user: UserKey,
    *,
    delivery_id: UUID,
    alert_id: UUID,
    installation_id: str,
    provider: ProviderName,
    outcome: DeliveryOutcome,
    reason: str,
    requested_at: datetime,
    at: datetime,
) -> Told:
    """Make the event that tells what became of a delivery; its id is of delivery, outcome and request."""
    data = {
        "district_id": user.district_id,
        "environment": user.environment,
        "user_id": user.user_id,
        "at": at,
        "delivery_id": delivery_id,
        "alert_id": alert_id,
        "installation_id": installation_id,
        "provider": provider,
        "outcome": outcome,
        "reason": reason,
    }
    identity = uuid5(delivery_id, f"{outcome}/{requested_at.isoformat()}")
    return Told(user, identity, _TYPES[outcome], at, to_json(data))


def row_told(row: Row, state: State, reason: str, at: datetime) -> Told:
    """Make the event of a row that ended in `state`, which is not `queued`."""
    return delivery_told(
        row.user,
        delivery_id=row.delivery_id,
        alert_id=row.alert_id,
        installation_id=row.installation_id,
        provider=row.provider,
        outcome=DeliveryOutcome(state.value),
        reason=reason,
        requested_at=row.requested_at,
        at=at,
    )


def device_told(device: Device, reason: str, at: datetime) -> Told:
    """Make the event of a device that is gone; one registration is removed once."""
    removed = DeviceRemoved(
        district_id=device.user.district_id,
        environment=device.user.environment,
        user_id=device.user.user_id,
        at=at,
        installation_id=device.installation_id,
        reason=reason,
    )
    parts = (str(device.user.district_id), device.user.environment.value, device.installation_id)
    identity = event_id("device", *parts, device.registered_at.isoformat())
    return Told(device.user, identity, DEVICE_REMOVED, at, removed.model_dump_json().encode())
