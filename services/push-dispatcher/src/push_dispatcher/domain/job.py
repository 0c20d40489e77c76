"""One delivery ready to be sent, and what came of sending it.

Made once a row: plain slotted classes, since a frozen one costs three times as much to make.
"""

from dataclasses import dataclass
from datetime import datetime
from math import inf
from uuid import UUID

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.device import ApnsEnvironment, Provider
from push_dispatcher.domain.payload import Push
from push_dispatcher.domain.settle import Settled
from push_dispatcher.domain.verdict import Verdict

DeviceKey = tuple[str, str, str]
"""District, environment, installation."""


@dataclass(slots=True)
class Job:
    """A leased row. `attempts` were made before; `first_attempt` counts only if there were any (real time).

    `device` says whose turn it is: one request of a device is out at a time, so that a newer shows last.
    `lease_ends` and `shown_until` (its `send_before`) are monotonic seconds of this process: after either of them
    nobody may start the request.
    """

    delivery_id: UUID
    lane: str
    user: UserKey
    installation_id: str
    device: DeviceKey
    push: Push
    attempts: int
    first_attempt: datetime
    registered_at: datetime
    requested_at: datetime
    lease_ends: float
    shown_until: float = inf
    traceparent: str = ""

    @property
    def reported(self) -> bool:
        """Only alerts are told back to the deliveries topic."""
        return self.push.message.purpose is Purpose.ALERT


@dataclass(slots=True)
class Result:
    """One answer: what it means, what becomes of the row, and when the request left (real time)."""

    job: Job
    verdict: Verdict
    settled: Settled
    sent_at: datetime


def lane_of(provider: Provider, apns_environment: ApnsEnvironment) -> str:
    """Name the pool that a device's pushes go through: one per provider and host."""
    return _LANES[provider, apns_environment]


_LANES = {
    (provider, environment): provider.value
    if provider is Provider.FCM
    else f"{provider.value}/{environment.value}"
    for provider in Provider
    for environment in ApnsEnvironment
}
