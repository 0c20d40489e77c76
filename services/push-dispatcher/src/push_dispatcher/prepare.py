"""A delivery, its device and its content put together into a job that a lane can send."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from push_dispatcher.domain.content import Content, Purpose
from push_dispatcher.domain.device import provider_of
from push_dispatcher.domain.job import Job, lane_of
from push_dispatcher.domain.payload import Push
from push_dispatcher.ports import Device


@dataclass(slots=True)
class Due:
    """What a row says of its push. `send_before` is product time, `lease_ends` a monotonic second."""

    delivery_id: UUID
    content: Content
    urgent: bool
    slot: UUID
    send_before: datetime
    requested_at: datetime
    attempts: int
    first_attempt: datetime
    as_summary: bool
    badge: int
    lease_ends: float


def lane_of_device(device: Device) -> str:
    """Return the pool that the device's pushes go through."""
    return lane_of(provider_of(device.platform), device.apns_environment)


def job_of(due: Due, device: Device, now: datetime) -> Job:
    """Make the job; the device's settings narrow its text. `now` is product time.

    The lifetime that the provider is given is what is left until `send_before`, at least a second: a phone
    that is off until then shows nothing later.
    """
    content = due.content
    title, body = content.text_for(device.settings, as_summary=due.as_summary)
    lifetime = max(1, int((due.send_before - now).total_seconds()))
    return Job(
        delivery_id=due.delivery_id,
        lane=lane_of_device(device),
        user=device.user,
        installation_id=device.installation_id,
        push=Push(
            delivery_id=due.delivery_id,
            purpose=content.purpose,
            token=device.token,
            token_kind=device.token_kind,
            title=title if content.purpose is not Purpose.BADGE else "",
            body=body if content.purpose is not Purpose.BADGE else "",
            badge=due.badge,
            alert_id=content.alert_id,
            student_id=content.student_id,
            area=content.area,
            thing_id=content.thing_id,
            link=content.link,
            group=content.group,
            slot=due.slot,
            urgent=due.urgent,
            lifetime=lifetime,
        ),
        attempts=due.attempts,
        first_attempt=due.first_attempt,
        registered_at=device.registered_at,
        requested_at=due.requested_at,
        lease_ends=due.lease_ends,
    )
