"""What push-dispatcher tells back: topic `deliveries`, keyed by user (architecture.md section 3)."""

from typing import Literal
from uuid import UUID

from bellwire_schemas.fields import Contract, DistrictId, Identifier, Moment, Name
from bellwire_schemas.names import DeliveryOutcome, Environment


class _OfUser(Contract):
    district_id: DistrictId
    environment: Environment
    user_id: Identifier
    at: Moment


class DeliveryReported(_OfUser):
    """`bellwire.delivery.<outcome>.v1`: what became of one alert on one device.

    For `no_device` there is no device: `installation_id` is "-" and `provider` "none".
    """

    delivery_id: UUID
    alert_id: UUID
    installation_id: Identifier
    provider: Literal["apns", "fcm", "none"]
    outcome: DeliveryOutcome
    reason: Name = ""


class DeviceRemoved(_OfUser):
    """`bellwire.device.removed.v1`: a device was unregistered, taken over or pruned."""

    installation_id: Identifier
    reason: Name
