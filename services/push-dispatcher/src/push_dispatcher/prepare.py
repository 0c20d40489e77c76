"""A delivery, its device and its content put together into a job that a lane can send."""

from datetime import datetime
from time import monotonic
from typing import Protocol
from uuid import UUID

from push_dispatcher.domain.content import Content, Purpose
from push_dispatcher.domain.device import GENERIC, Text
from push_dispatcher.domain.job import Job
from push_dispatcher.domain.payload import Message, Push
from push_dispatcher.ports.devices import Device


class Due(Protocol):
    """What a row says of its push; `send_before` is product time."""

    @property
    def delivery_id(self) -> UUID: ...  # noqa: D102
    @property
    def content(self) -> Content: ...  # noqa: D102
    @property
    def urgent(self) -> bool: ...  # noqa: D102
    @property
    def slot(self) -> UUID: ...  # noqa: D102
    @property
    def send_before(self) -> datetime: ...  # noqa: D102
    @property
    def requested_at(self) -> datetime: ...  # noqa: D102
    @property
    def as_summary(self) -> bool: ...  # noqa: D102
    @property
    def traceparent(self) -> str: ...  # noqa: D102


class Messages:
    """Messages of rows that follow each other: devices that are shown the same share one, made and encoded once.

    `now` is product time. The lifetime that the provider is given is what is left until `send_before`, at
    least a second: a phone that is off until then shows nothing later.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._shown: tuple[Text, int, bool] = (GENERIC, -1, False)
        self._content: Content | None = None
        self._message: Message | None = None

    def of(self, due: Due, device: Device, badge: int) -> Message:
        """Return what the device is shown; its settings narrow the text."""
        content = due.content
        text = content.text_for(device.settings, as_summary=due.as_summary)
        shown = (text, badge, due.as_summary)
        if self._message is not None and content is self._content and shown == self._shown:
            return self._message
        title, body = text if content.purpose is not Purpose.BADGE else ("", "")
        lifetime = max(1, int((due.send_before - self._now).total_seconds()))
        self._shown, self._content = shown, content
        self._message = Message(
            content.purpose,
            title,
            body,
            badge,
            content.alert_id,
            content.student_id,
            content.area,
            content.thing_id,
            content.link,
            content.group,
            due.slot,
            due.urgent,
            lifetime,
        )
        return self._message


def job_of(
    message: Message,
    due: Due,
    device: Device,
    lease_ends: float,
    first_attempt: datetime,
    attempts: int = 0,
) -> Job:
    """Make the job of a leased row; `lease_ends` is a monotonic second."""
    return Job(
        due.delivery_id,
        device.lane,
        device.user,
        device.installation_id,
        device.key,
        Push(due.delivery_id, device.token, device.token_kind, message),
        attempts,
        first_attempt,
        device.registered_at,
        due.requested_at,
        lease_ends,
        monotonic() + message.lifetime,
        due.traceparent,
    )
