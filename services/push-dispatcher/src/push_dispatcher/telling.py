"""Events for the deliveries topic: what became of a delivery or a device (architecture.md section 3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import orjson
from bellwire_schemas.catalogue import DEVICE_REMOVED, delivery_type
from bellwire_schemas.deliveries import DeviceRemoved
from bellwire_schemas.ids import event_id
from bellwire_schemas.names import DeliveryOutcome

from push_dispatcher.domain.alert import UserKey, user_of
from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.intake import Intake
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import NewRow, ProviderName, Row, Told

_TYPES = {outcome: delivery_type(outcome) for outcome in DeliveryOutcome}
OUTCOMES: Mapping[State, DeliveryOutcome] = {
    state: DeliveryOutcome(state.value) for state in State if state is not State.QUEUED
}
"""The outcome that an ended row is told with."""


def outcome_told(
    user: UserKey,
    delivery_id: UUID,
    alert_id: UUID,
    installation_id: str,
    provider: ProviderName,
    outcome: DeliveryOutcome,
    reason: str,
    requested_at: datetime,
    at: datetime,
    traceparent: str = "",
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
    return Told(user, identity, _TYPES[outcome], at, orjson.dumps(data), traceparent=traceparent)


def row_told(row: Row, state: State, reason: str, at: datetime) -> Told:
    """Make the event of a row that ended in `state`, which is not `queued`."""
    return outcome_told(
        row.user,
        row.delivery_id,
        row.alert_id,
        row.installation_id,
        row.provider,
        OUTCOMES[state],
        reason,
        row.requested_at,
        at,
        row.traceparent,
    )


def ended_at_once(rows: Sequence[NewRow], at: datetime) -> list[Told]:
    """Make the events of alerts that were written and are not to be sent."""
    return [
        outcome_told(
            row.user,
            row.delivery_id,
            row.alert_id,
            row.installation_id,
            row.provider,
            OUTCOMES[row.state],
            "",
            row.requested_at,
            at,
            row.traceparent,
        )
        for row in rows
        if row.state is not State.QUEUED and row.content.purpose is Purpose.ALERT
    ]


def no_device_told(intake: Intake, devices: Mapping[UserKey, Sequence[Device]], at: datetime) -> list[Told]:
    """Make the events of alerts whose user has no device: there is no delivery, the alert's id stands for it."""
    return [
        outcome_told(
            user_of(alert),
            alert.alert_id,
            alert.alert_id,
            "-",
            "none",
            DeliveryOutcome.NO_DEVICE,
            "",
            alert.requested_at,
            at,
            alert.traceparent,
        )
        for alert in intake.alerts.values()
        if not devices[user_of(alert)]
    ]


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
