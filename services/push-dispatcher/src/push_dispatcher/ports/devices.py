"""Devices as the database keeps them, and what an administrator may ask and see of deliveries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bellwire_schemas.source import Source

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.device import ApnsEnvironment, DeviceSettings, Platform
from push_dispatcher.domain.job import DeviceKey
from push_dispatcher.domain.payload import Token


@dataclass(slots=True)
class Device:
    """One installation of an app that a user is signed in to; `lane` is the pool of its pushes."""

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
    lane: str

    @property
    def key(self) -> DeviceKey:
        """Return the device's place: whose turn it is in a queue."""
        return (self.user.district_id, self.user.environment, self.installation_id)


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
